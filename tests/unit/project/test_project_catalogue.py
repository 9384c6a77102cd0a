"""What can go wrong, and what is promised about it: each row names the tests that hold it.

A row whose test was renamed or removed fails here, so that none is lost unseen.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]

PROMISES = {
    "P1 kill anywhere": """
        test_a_run_that_dies_at_any_kind_of_step_loses_nothing_and_pays_nothing_twice
        test_killed_five_times_while_it_resumes_it_loses_nothing_and_pays_nothing_twice
        test_what_was_acknowledged_before_kill_9_is_there_afterwards""",
    "P2 money is an interval": """
        test_every_charge_is_accounted_for_after_faults_and_three_kills
        test_several_images_for_one_are_held_at_the_price_of_each
        test_whatever_comes_no_run_hangs_overspends_or_leaks_a_permit""",
    "P3 hard budget": """
        test_processes_that_race_for_one_budget_spend_it_once
        test_sixteen_at_once_with_every_reply_lost_never_pass_the_budget
        test_two_campaigns_at_once_share_one_month""",
    "P4 no second purchase in doubt": """
        test_a_reply_lost_after_the_charge_is_in_doubt_and_never_asked_for_again
        test_a_job_in_doubt_is_not_bought_unasked
        test_a_doubtful_purchase_is_not_made_again_under_the_twin""",
    "P5 outage bound": """
        test_an_outage_costs_at_most_what_is_in_flight_and_three_more
        test_three_doubts_in_a_row_open_the_circuit
        test_funds_that_run_out_mid_run_leave_the_rest_planned""",
    "P6 idempotent rerun": """
        test_the_same_command_again_sends_nothing_and_pays_nothing
        test_a_changed_word_makes_exactly_its_jobs_due
        test_whatever_changes_is_seen_through_the_short_cut""",
    "P7 a paid URL is never forgotten": """
        test_an_image_that_will_not_come_is_fetched_by_the_next_run_without_a_post
        test_a_payment_that_cannot_be_written_down_is_said_aloud""",
    "P8 validated before the first credit": """
        test_a_bad_file_is_refused_with_its_place_before_a_run_begins
        test_a_bad_feed_is_refused_with_its_place_before_a_run_begins
        test_references_are_refused_before_anything_is_sent""",
    "P9 only verified images": """
        test_a_whole_image_is_known_however_its_bytes_are_cut
        test_what_is_no_whole_image_is_broken
        test_verify_finds_bit_rot""",
    "P10 confinement": """
        test_no_link_leads_out_of_the_folder
        test_a_private_address_is_refused_in_every_notation
        test_a_redirect_into_a_private_network_is_refused""",
    "P11 secrets nowhere": """
        test_the_key_of_the_real_api_is_in_no_file_and_on_no_screen
        test_the_key_is_in_no_message_proof_traceback_or_log
        test_the_key_and_cookies_stay_at_home""",
    "P12 cron-safe": """
        test_a_run_that_finds_the_lock_held_is_gone_in_under_a_second
        test_a_first_signal_lets_what_is_in_flight_arrive_and_buys_nothing_more
        test_a_second_signal_does_not_wait_and_says_what_is_in_doubt""",
    "P13 a local fault never burns money": """
        test_a_disk_that_is_full_at_the_start_lets_no_request_leave
        test_a_ledger_whose_disk_fails_lets_no_further_request_leave
        test_a_ledger_that_cannot_write_lets_no_request_leave""",
    "P14 verdicts bind": """
        test_an_approval_holds_the_hash_and_the_key_of_the_take_that_was_named
        test_an_approval_becomes_stale_when_the_image_under_it_changes
        test_an_approval_of_an_edited_campaign_is_stale_on_the_page_and_buys_no_final""",
}

CRASH = {
    "a stored image deleted": "test_an_image_that_was_deleted_is_fetched_again_and_not_paid_again",
    "and its URL gone": """
        test_a_deleted_image_gone_at_its_host_is_told_as_lost_and_not_paid_again
        test_an_image_that_is_gone_is_paid_and_lost_and_bought_again_only_when_asked""",
    "the ledger's fsync fails": "test_a_ledger_whose_disk_fails_lets_no_further_request_leave",
    "killed while it resumes, five deep": """
        test_killed_five_times_while_it_resumes_it_loses_nothing_and_pays_nothing_twice""",
    "the run manifest deleted": """
        test_a_manifest_that_was_deleted_is_written_again_without_a_request""",
    "a stale .part": "test_what_a_dead_run_left_half_written_is_swept_away",
    "journal or database torn or bit-flipped": """
        test_a_ledger_that_was_cut_short_is_refused_before_anything_is_sent
        test_flipped_bits_in_a_ledger_never_buy_anything_twice
        test_a_journal_with_flipped_bits_never_buys_anything_twice
        test_a_journal_that_was_torn_never_buys_anything_twice""",
}

NETWORK = {
    "refused three times, then fine": "test_refused_three_times_and_then_fine_is_one_charge",
    "Retry-After in every form": "test_retry_after_is_read_in_every_form_and_clamped",
    "half the replies 429": """
        test_where_half_of_the_first_replies_are_429_all_finish_for_few_requests_more""",
    "a storm of 500": "test_an_outage_costs_at_most_what_is_in_flight_and_three_more",
    "401": "test_a_wrong_key_costs_one_request_whatever_the_concurrency",
    "402 mid-run": "test_funds_that_run_out_mid_run_leave_the_rest_planned",
    "200 with code ≠ 0": """
        test_a_text_means_what_the_table_says
        test_every_pattern_of_the_table_is_met_by_a_row_of_this_test""",
    "200 as HTML, empty, truncated, NaN, 100k deep, no URL": """
        test_what_may_have_been_charged_is_unknown_and_its_proof_kept
        test_no_answer_whatever_ends_in_a_traceback""",
    "two URLs": "test_two_images_for_one_are_a_doubt_that_shows_both",
    "a gzip bomb": "test_a_gzip_bomb_unfolds_to_the_limit_and_no_further",
    "307 on POST": "test_what_may_have_been_charged_is_unknown_and_its_proof_kept",
    "a drip of bytes": """
        test_an_answer_that_drips_ends_by_the_total_timeout
        test_while_one_answer_drips_others_go_on""",
    "GET reset, short, 500": """
        test_a_failed_get_and_then_a_good_one_is_the_image
        test_a_download_that_fails_for_a_while_costs_one_charge_and_brings_the_image""",
    "a bad certificate": """
        test_a_certificate_that_nobody_vouches_for_stops_the_run_and_is_not_tried_again""",
}

MONEY = {
    "budget 20 at 12 each": "test_a_budget_of_20_at_12_each_buys_1",
    "budget 11 at 12 each": "test_a_budget_of_11_at_12_each_buys_nothing",
    "comments and key order edited": "test_comments_order_and_money_change_no_key",
    "one product renamed": "test_one_renamed_product_changes_exactly_its_own_jobs",
    "approved, then edited": """
        test_an_approval_of_an_edited_campaign_is_stale_on_the_page_and_buys_no_final""",
    "two campaigns, one budget": "test_two_campaigns_at_once_share_one_month",
    "identical cells": "test_equal_requests_of_different_cells_are_paid_once_and_takes_never_merge",
    "axes swapped": "test_the_order_of_axes_and_values_changes_no_key",
    "offline, then the real API": """
        test_an_offline_campaign_is_not_mistaken_for_done_on_the_real_api""",
}

PROCESS = {
    "SIGINT in every phase": """
        test_an_interrupt_in_any_phase_leaves_a_state_from_which_the_next_run_ends
        test_a_signal_before_anything_was_asked_for_ends_it_without_a_trace""",
    "env -i, no HOME, LC_ALL=C, cwd /": """
        test_it_needs_nothing_of_its_environment_but_the_key
        test_it_runs_in_an_empty_environment_from_the_root_folder""",
    "the clock a day back, or 1970": """
        test_a_clock_set_back_between_two_runs_hangs_nothing_and_buys_nothing_twice""",
    "ulimit -n 64": "test_few_descriptors_are_refused_or_enough_and_nothing_is_lost",
    "SIGSTOP, SIGCONT": """
        test_a_frozen_process_goes_on_where_it_was_and_asks_for_nothing_twice
        test_workers_that_slept_with_their_machine_do_not_all_start_at_once""",
    "idle connections, 400 of them": """
        test_idle_connections_neither_end_a_purchase_nor_keep_a_reviewer_out
        test_an_image_server_answers_beside_idle_connections
        test_a_system_without_descriptors_is_survived_and_told_of_once""",
    "a page that breaks while it buys": """
        test_a_page_that_breaks_does_not_take_the_purchase_down
        test_a_signal_to_a_page_that_buys_lets_what_is_in_flight_arrive""",
    "a reader that stops reading": """
        test_a_reader_of_the_log_that_stops_stops_no_run
        test_a_terminal_that_stops_reading_stops_no_run
        test_a_signal_ends_a_run_whose_log_nobody_reads
        test_a_reader_that_stops_reading_costs_lines_and_not_time
        test_a_stdout_that_takes_nothing_leaves_the_exit_code_of_the_run""",
    "stdin, stdout and stderr closed": """
        test_a_daemon_that_closed_stdin_stdout_and_stderr_gets_its_pictures
        test_a_daemon_that_closed_them_may_serve""",
    "no further thread": """
        test_without_a_further_thread_everybody_who_waits_is_told
        test_a_machine_without_a_further_thread_is_a_local_fault""",
    "waits without end": """
        test_an_image_host_that_drips_its_headers_is_given_up
        test_a_lock_on_the_output_folder_is_not_waited_for
        test_a_task_that_hangs_is_killed_and_others_are_done
        test_what_is_waited_for_is_named_and_forgotten_once_it_came
        test_a_run_that_waits_for_ever_is_given_up_with_a_word
        test_a_blocked_event_loop_is_told_of_with_its_place""",
    "an overlap that lasts too long": """
        test_an_overlap_longer_than_any_run_before_is_told
        test_a_run_that_hangs_is_told_to_those_who_hear_of_stops""",
    "no terminal": """
        test_a_long_stage_fills_a_log_with_few_lines
        test_an_ordinary_log_has_no_carriage_return_and_the_json_log_parses""",
}

DISK = {
    "no inodes": "test_a_disk_that_fills_after_the_payments_costs_downloads_and_nothing_else",
    "read-only": "test_an_output_folder_that_cannot_be_written_is_a_fault_of_this_machine",
    "RLIMIT_FSIZE": "test_files_that_may_not_grow_are_a_full_disk",
    "full before the first ledger": """
        test_a_first_run_on_a_nearly_full_disk_leaves_nothing_that_stops_the_next
        test_a_new_ledger_on_a_nearly_full_disk_is_whole_or_not_there""",
    "full or failing under any command": """
        test_what_the_system_refuses_ends_any_command_with_74
        test_whatever_system_call_fails_no_command_ends_with_a_bug_hangs_or_loses_money
        test_a_full_disk_drops_lines_and_says_so_once_there_is_room
        test_a_result_that_a_full_disk_does_not_take_is_told""",
    "full under the page, then mended": """
        test_what_breaks_an_answer_is_told_in_words
        test_a_ledger_that_recovers_takes_the_next_write_once_there_is_room""",
    "no hard links, symlinks, folder syncs, locks": """
        test_without_hard_links_an_older_image_keeps_a_copy
        test_without_symlinks_latest_is_a_folder_with_copies
        test_a_folder_that_cannot_be_synced_is_written_all_the_same
        test_without_flock_one_run_of_this_machine_still_keeps_others_out
        test_the_doctor_says_what_is_done_without_links_and_locks""",
    "a link in place of a folder": """
        test_a_link_in_place_of_the_campaigns_folder_is_not_followed_to_lock_it
        test_a_link_in_place_of_the_runs_is_not_followed_to_write_a_log""",
    "the output folder removed": """
        test_an_output_folder_that_vanishes_stops_the_buying_and_says_what_was_paid""",
}

IMAGES = {
    "the bearer stays at home": "test_the_key_and_cookies_stay_at_home",
    "65535², and SVG": "test_what_is_no_whole_image_is_broken",
    "endless": "test_an_endless_image_is_cut_at_the_limit",
    "wrong size or alpha": """
        test_another_ratio_is_flagged
        test_a_cut_out_without_transparency_is_flagged_and_says_that_it_is_painted""",
    "the ending follows the bytes": "test_the_ending_follows_the_bytes",
}

YAML = {
    "duplicate keys": "test_duplicate_keys_are_all_told_at_once",
    "unquoted {{ }}, tabs, typos, !!python": """
        test_a_slip_is_told_where_it_stands_with_what_to_write
        test_a_mistake_is_told_with_its_place_and_the_way_out""",
    "a colour as a comment": "test_a_colour_that_a_comment_swallowed_stops_the_campaign",
    "00123, =, dates, 5000 digits": """
        test_a_word_that_is_not_exactly_a_number_stays_text_in_every_position
        test_words_arrive_in_prompts_as_they_are_written_from_every_position""",
    "<<": "test_a_merge_key_fills_what_is_not_set",
    "BOM, CRLF": "test_a_byte_order_mark_and_windows_line_ends_are_fine",
    "latin-1, NUL, UTF-16, list root, multi-doc": """
        test_a_file_that_is_no_campaign_is_told_so
        test_any_text_is_read_or_refused_with_findings""",
    "an include of /etc/passwd, /dev/zero, a FIFO": """
        test_an_included_file_outside_the_project_is_not_read
        test_an_endless_device_is_refused
        test_an_included_pipe_does_not_hang""",
}

TEMPLATES = {
    "SSTI": "test_no_template_gets_out_of_its_sandbox",
    "a feed that holds {{7*7}}": "test_what_a_feed_holds_is_never_read_as_a_template",
    "Ben & Jerry's <Fudge>": """
        test_markup_in_a_feed_reaches_the_prompt_as_it_is
        test_hostile_names_words_and_notes_are_text_and_nothing_else""",
    "bombs": """
        test_bombs_end_at_a_limit
        test_a_bomb_ends_within_six_seconds_and_600_megabytes""",
    "PYTHONHASHSEED": "test_the_plan_is_the_same_whatever_the_hash_seed",
}

FEEDS = {
    "short and long rows, an open quote, NUL": "test_a_broken_csv_feed_is_told_row_by_row",
    "rows swallowed by a lone quote": "test_rows_that_a_lone_quote_swallows_are_told",
    "a sheet's dimension that lies": "test_no_row_or_column_is_lost_to_a_dimension_that_lies",
    "late, repeated and unnumbered rows": """
        test_no_row_is_lost_that_comes_late_twice_or_without_a_number""",
    "formats of numbers": "test_a_number_is_read_as_its_format_shows_it",
    "a formula without a result": "test_a_formula_without_a_result_is_an_error_where_it_is_used",
    "a broken or hostile workbook": "test_a_broken_workbook_is_refused_in_words",
    "columns that come twice": "test_columns_that_come_twice_and_are_not_used_are_no_mistake",
    "headers and sums out of place": """
        test_a_header_that_is_not_the_first_row_is_found
        test_a_header_that_comes_again_is_no_product
        test_a_total_below_the_table_is_suspected""",
    "numbers that are none": """
        test_a_number_that_is_none_is_never_made_up
        test_every_amount_is_read_back_whatever_its_marks""",
    "Python's own messages": "test_no_error_of_python_reaches_the_author_of_a_template",
    "a prompt writer killed": "test_a_child_that_somebody_kills_is_no_fault_of_the_template",
    "the feed's own id": "test_the_own_id_of_a_feed_can_be_used_when_another_column_is_the_key",
    "NFC and NFD": "test_an_accent_in_one_character_or_two_is_the_same_word",
    ";": "test_a_csv_feed_is_read_as_text_whatever_its_dress",
    "JSON NaN, 1e999, a lone surrogate": """
        test_other_broken_feeds_are_told_too
        test_whatever_json_says_the_loader_says_too""",
    "a duplicate sku": "test_rows_that_where_keeps_may_not_repeat_a_key",
    "a million rows": "test_a_million_rows_fit",
    "changed mid-run": "test_a_feed_is_a_snapshot_whose_hash_is_kept",
}

NAMES = {
    "case, NFC and NFD, CON, trailing dots": """
        test_ids_that_a_file_system_takes_for_one_are_refused
        test_composed_and_decomposed_letters_are_one_name
        test_an_id_that_cannot_name_files_everywhere_is_refused
        test_two_images_never_share_a_path_on_any_file_system""",
    "symlinked targets": "test_no_link_leads_out_of_the_folder",
    "a foreign file": "test_a_foreign_file_is_never_overwritten",
}

REVIEW = {
    "markup in prompt, id and URL": """
        test_hostile_names_words_and_notes_are_text_and_nothing_else
        test_every_answer_carries_a_policy_that_allows_only_our_own_files""",
    "Host, Origin, token": """
        test_another_host_name_is_misdirected
        test_a_write_that_is_not_our_pages_is_refused
        test_a_wrong_token_stays_outside""",
    "GET": "test_a_get_never_changes_anything",
    "traversal": """
        test_only_the_pages_own_files_are_given
        test_what_is_not_in_the_index_is_not_found""",
    "a stale revision": """
        test_a_decision_on_an_old_revision_gets_409_with_what_stands
        test_a_second_reviewer_who_is_late_is_told_and_may_insist""",
    "a deleted image": "test_an_image_that_was_deleted_says_so_and_the_page_lives_on",
    "a reviewer who would spend": "test_a_reviewers_link_cannot_spend",
    "cells that a spreadsheet would run": """
        test_the_table_tells_the_same_images_and_no_cell_runs_as_a_formula""",
    "git merge": """
        test_git_merges_the_disjoint_verdicts_of_two_reviewers_twenty_times_out_of_twenty""",
    "made-up requests": "test_a_sample_of_made_up_requests_finds_nothing_undocumented",
}

ANSWERS = {
    "one answer, one image": """
        test_every_image_of_an_answer_counts
        test_the_same_url_twice_in_one_answer_is_two_images
        test_one_url_for_three_jobs_is_told_and_in_doubt
        test_the_same_bytes_at_other_urls_are_kept_and_told
        test_play_credits_buy_equal_pictures_without_a_word""",
    "a refusal that says it charged": """
        test_a_refusal_that_says_it_charged_is_a_doubt
        test_a_field_that_counts_a_charge_is_a_doubt
        test_a_refusal_that_says_it_charged_is_in_doubt
        test_a_refusal_that_charged_nothing_stays_free""",
    "whole by structure and not by pixels": """
        test_an_image_without_all_its_pixels_is_broken
        test_an_image_that_cannot_be_decoded_is_never_stored
        test_pictures_without_all_their_pixels_buy_no_finals
        test_verify_finds_a_picture_that_an_older_version_stored_without_its_pixels""",
    "paid and called lost": """
        test_fifteen_sign_in_pages_and_the_image_is_still_there
        test_a_lost_image_that_is_there_again_is_not_bought_again
        test_a_page_for_ever_is_settled_by_a_person_and_by_nobody_else
        test_a_packed_image_is_stored_as_it_was_made""",
    "signed URLs": """
        test_an_image_is_asked_for_as_its_url_says
        test_a_redirect_is_followed_as_the_host_says
        test_a_signed_url_reaches_the_host_as_it_was_signed""",
    "the key and its host": """
        test_a_campaign_file_cannot_send_the_key_elsewhere
        test_a_file_that_names_a_secret_is_refused_before_anything_is_sent
        test_the_key_never_leaves_over_plain_http_for_a_public_address
        test_a_campaign_file_cannot_have_the_key_sent_to_its_own_hosts""",
    "core files and process lists": """
        test_a_process_that_has_a_key_writes_no_core_file
        test_a_browser_is_told_a_file_and_not_the_link""",
    "words of a stop": """
        test_a_stop_says_whether_it_is_the_key_or_the_credits
        test_a_wrong_key_comes_before_another_run
        test_a_dead_server_is_told_once_while_the_run_works
        test_a_message_is_for_people""",
}

MACHINE = CRASH | NETWORK | PROCESS | DISK | IMAGES
ROWS = PROMISES | MONEY | ANSWERS | MACHINE | YAML | TEMPLATES | FEEDS | NAMES | REVIEW


@pytest.fixture(scope="module")
def existing():
    """The name of every test function of the project."""
    texts = [file.read_text() for file in TESTS.rglob("test_*.py")]
    return {name for text in texts for name in re.findall(r"def (test_\w+)\(", text)}


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_catalogue_has_its_tests(existing, row):
    named = ROWS[row].split()
    assert named
    assert set(named) - existing == set()


def test_all_fourteen_promises_are_there():
    assert [row.split()[0] for row in PROMISES] == [f"P{number}" for number in range(1, 15)]
