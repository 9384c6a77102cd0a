"""Object stores: where the files of a campaign are uploaded and delivered."""
