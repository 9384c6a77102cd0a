"""The ledger's schema, as a list of steps; a released step is never edited.

The invariants are CHECKs and triggers, so that they hold against any program that opens the file.
The sums in `tally` (by run and month) and `total` (by account, and campaign or month) are kept by
triggers in the statement that changes a purchase; `submit` reads one row of them per limit,
whatever the size of the ledger.
"""

import apsw

from pipeline.errors import LedgerUnusable

APPLICATION_ID = 0x63704C31
"""`cpL1`, at byte 68 of the file; it marks the file as a ledger of this program."""

_FIRST = """
create table ledger (
  one integer primary key check (one = 1),
  name blob not null,
  commits integer not null check (commits >= 0)
) strict;

create table run (
  id integer primary key,
  name text not null unique,
  campaign text not null,
  account text not null,
  started integer not null,
  finished integer,
  exit_code integer,
  last_paid integer
) strict;

create table campaign (id integer primary key, slug text not null unique) strict;
create table shape (id integer primary key, axes text not null unique) strict;

create table job (
  id integer primary key,
  key any not null unique,
  campaign integer not null references campaign,
  cell text not null,
  shape integer not null references shape,
  ids text,
  stage text not null,
  round integer not null,
  take integer not null,
  state text not null check (state in ('planned', 'rendering', 'stored', 'pending_download',
    'paid_lost', 'in_doubt', 'not_sent', 'rejected', 'refused')),
  purchases integer not null check (purchases >= 0),
  attempts integer not null check (attempts >= purchases),
  url text,
  reason text,
  path text,
  sha256 any,
  bytes integer,
  kind text,
  width integer,
  height integer,
  alpha text,
  seal integer not null,
  check ((state = 'stored') = (path is not null))
) strict;
create index job_campaign on job (campaign);

create table purchase (
  job integer not null references job,
  nth integer not null check (nth >= 1),
  key any not null,
  run integer not null references run,
  opened integer not null,
  state text not null check (state in ('reserved', 'confirmed', 'doubt', 'freed')),
  credits integer not null check (credits >= 0),
  seal integer not null,
  primary key (job, nth)
) strict, without rowid;

create table attempt (
  job integer not null,
  number integer not null check (number >= 1),
  nth integer not null,
  run integer not null references run,
  started integer not null,
  ended integer,
  http integer,
  outcome text not null check (outcome in ('submitted', 'paid', 'failed', 'doubt')),
  request_id text,
  error text,
  seal integer not null,
  primary key (job, number),
  foreign key (job, nth) references purchase
) strict, without rowid;
create index attempt_open on attempt (run) where outcome = 'submitted';

create table reply (
  id integer primary key,
  job integer not null references job,
  number integer not null,
  raw blob not null
) strict;

create table tally (
  run integer not null references run,
  month text not null,
  confirmed integer not null default 0 check (confirmed >= 0),
  doubt integer not null default 0 check (doubt >= 0),
  reserved integer not null default 0 check (reserved >= 0),
  primary key (run, month)
) strict, without rowid;

create table total (
  account text not null,
  campaign text not null,
  month text not null,
  confirmed integer not null default 0 check (confirmed >= 0),
  doubt integer not null default 0 check (doubt >= 0),
  reserved integer not null default 0 check (reserved >= 0),
  primary key (account, campaign, month),
  check ((campaign = '') <> (month = ''))
) strict, without rowid;

create table verdict (
  id integer primary key,
  campaign text not null,
  cell text not null,
  stage text not null,
  revision integer not null check (revision >= 1),
  decision text not null,
  round integer not null,
  take integer not null,
  job text not null,
  sha256 text not null,
  by text not null,
  at text not null,
  note text not null,
  unique (campaign, cell, stage, revision)
) strict;

create trigger purchase_opened after insert on purchase begin
  insert or ignore into tally (run, month)
    values (new.run, strftime('%Y-%m', new.opened / 1000, 'unixepoch'));
  insert or ignore into total (account, campaign, month)
    select account, campaign, '' from run where id = new.run
    union all
    select account, '', strftime('%Y-%m', new.opened / 1000, 'unixepoch')
      from run where id = new.run;
  update tally set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits,
      reserved = reserved + (new.state = 'reserved') * new.credits
    where run = new.run and month = strftime('%Y-%m', new.opened / 1000, 'unixepoch');
  update total set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits,
      reserved = reserved + (new.state = 'reserved') * new.credits
    where account = (select account from run where id = new.run)
      and (campaign, month) in (
        select campaign, '' from run where id = new.run
        union all values ('', strftime('%Y-%m', new.opened / 1000, 'unixepoch')));
end;

create trigger purchase_moved after update of state, credits on purchase begin
  update tally set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits
        - (old.state = 'confirmed') * old.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits - (old.state = 'doubt') * old.credits,
      reserved = reserved + (new.state = 'reserved') * new.credits
        - (old.state = 'reserved') * old.credits
    where run = new.run and month = strftime('%Y-%m', new.opened / 1000, 'unixepoch');
  update total set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits
        - (old.state = 'confirmed') * old.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits - (old.state = 'doubt') * old.credits,
      reserved = reserved + (new.state = 'reserved') * new.credits
        - (old.state = 'reserved') * old.credits
    where account = (select account from run where id = new.run)
      and (campaign, month) in (
        select campaign, '' from run where id = new.run
        union all values ('', strftime('%Y-%m', new.opened / 1000, 'unixepoch')));
end;

create trigger purchase_fixed before update on purchase
  when (new.job, new.nth, new.key, new.run, new.opened)
      is not (old.job, old.nth, old.key, old.run, old.opened)
    or (old.state = 'confirmed' and (new.state, new.credits) is not (old.state, old.credits))
    or (new.state = 'reserved' and old.state <> 'reserved')
  begin select raise(abort, 'a purchase is never rewritten'); end;
create trigger attempt_fixed before update on attempt
  when (new.job, new.number, new.nth, new.run, new.started)
      is not (old.job, old.number, old.nth, old.run, old.started)
    or old.outcome in ('paid', 'failed')
    or (old.outcome = 'doubt' and new.outcome <> 'paid')
  begin select raise(abort, 'a closed attempt is never rewritten'); end;
create trigger verdict_fixed before update on verdict
  begin select raise(abort, 'a verdict is never rewritten'); end;

create trigger run_kept before delete on run
  begin select raise(abort, 'a run is never deleted'); end;
create trigger job_kept before delete on job
  begin select raise(abort, 'a job is never deleted'); end;
create trigger purchase_kept before delete on purchase
  begin select raise(abort, 'a purchase is never deleted'); end;
create trigger attempt_kept before delete on attempt
  begin select raise(abort, 'an attempt is never deleted'); end;
create trigger verdict_kept before delete on verdict
  begin select raise(abort, 'a verdict is never deleted'); end;
"""

_SECOND = """
alter table purchase add column in_doubt integer not null default 0
  check (in_doubt >= 0 and (in_doubt = 0 or state = 'confirmed'));
drop trigger purchase_opened;
drop trigger purchase_moved;
drop trigger purchase_fixed;

create trigger purchase_opened after insert on purchase begin
  insert or ignore into tally (run, month)
    values (new.run, strftime('%Y-%m', new.opened / 1000, 'unixepoch'));
  insert or ignore into total (account, campaign, month)
    select account, campaign, '' from run where id = new.run
    union all
    select account, '', strftime('%Y-%m', new.opened / 1000, 'unixepoch')
      from run where id = new.run;
  update tally set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits + new.in_doubt,
      reserved = reserved + (new.state = 'reserved') * new.credits
    where run = new.run and month = strftime('%Y-%m', new.opened / 1000, 'unixepoch');
  update total set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits + new.in_doubt,
      reserved = reserved + (new.state = 'reserved') * new.credits
    where account = (select account from run where id = new.run)
      and (campaign, month) in (
        select campaign, '' from run where id = new.run
        union all values ('', strftime('%Y-%m', new.opened / 1000, 'unixepoch')));
end;

create trigger purchase_moved after update of state, credits, in_doubt on purchase begin
  update tally set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits
        - (old.state = 'confirmed') * old.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits + new.in_doubt
        - (old.state = 'doubt') * old.credits - old.in_doubt,
      reserved = reserved + (new.state = 'reserved') * new.credits
        - (old.state = 'reserved') * old.credits
    where run = new.run and month = strftime('%Y-%m', new.opened / 1000, 'unixepoch');
  update total set
      confirmed = confirmed + (new.state = 'confirmed') * new.credits
        - (old.state = 'confirmed') * old.credits,
      doubt = doubt + (new.state = 'doubt') * new.credits + new.in_doubt
        - (old.state = 'doubt') * old.credits - old.in_doubt,
      reserved = reserved + (new.state = 'reserved') * new.credits
        - (old.state = 'reserved') * old.credits
    where account = (select account from run where id = new.run)
      and (campaign, month) in (
        select campaign, '' from run where id = new.run
        union all values ('', strftime('%Y-%m', new.opened / 1000, 'unixepoch')));
end;

create trigger purchase_fixed before update on purchase
  when (new.job, new.nth, new.key, new.run, new.opened)
      is not (old.job, old.nth, old.key, old.run, old.opened)
    or (new.state = 'reserved' and old.state <> 'reserved')
    or (old.state = 'confirmed' and (
      new.state <> 'confirmed' or new.credits < old.credits or new.in_doubt > old.in_doubt
      or (old.in_doubt = 0 and new.credits <> old.credits)))
  begin select raise(abort, 'a purchase is never rewritten'); end;
"""
"""What a confirmed purchase may have cost beyond its credits."""

_THIRD = """
create table ticket (
  id integer primary key,
  name text not null unique,
  run integer not null references run,
  profile text not null,
  model text not null,
  images integer not null check (images >= 1),
  opened integer not null,
  state text not null
    check (state in ('packed', 'uploaded', 'creating', 'open', 'closed', 'collected')),
  changed integer not null,
  file text,
  batch text,
  expires integer,
  misses integer not null check (misses >= 0),
  missed integer,
  reason text,
  seal integer not null
) strict;
create index ticket_open on ticket (id) where state <> 'collected';

alter table attempt add column ticket integer references ticket;
create index attempt_ticket on attempt (ticket) where ticket is not null;

create trigger ticket_fixed before update on ticket
  when (new.id, new.name, new.run, new.profile, new.model, new.images, new.opened)
      is not (old.id, old.name, old.run, old.profile, old.model, old.images, old.opened)
    or (old.file is not null and new.file is not old.file)
    or (old.batch is not null and new.batch is not old.batch)
    or instr('packed uploaded creating open closed collected', new.state)
      < instr('packed uploaded creating open closed collected', old.state)
    or (new.state = 'collected' and exists (
      select 1 from attempt where ticket = old.id and outcome = 'submitted'))
  begin select raise(abort, 'a ticket never goes back'); end;
create trigger ticket_kept before delete on ticket
  begin select raise(abort, 'a ticket is never deleted'); end;
create trigger attempt_ordered before update on attempt
  when new.ticket is not old.ticket
  begin select raise(abort, 'an attempt stays in its ticket'); end;

pragma writable_schema = on;
update sqlite_schema set sql = replace(sql, '''rendering''', '''rendering'', ''ordered''')
  where type = 'table' and name = 'job';
pragma writable_schema = reset;
"""
"""Tickets, and the state of jobs that an open one orders.

A CHECK is loosened in the text of the schema, as SQLite's manual describes for changes that leave
the rows as they are; a new table would write every job anew.
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _SECOND, _THIRD)
"""Step n brings a ledger from schema version n to n + 1."""

_WITHOUT_TICKETS = """
create temp view attempt as select *, null as ticket from main.attempt;
create temp view ticket as select null as id, null as name, null as state where false;
"""
_WITHOUT_DOUBT_BESIDE = """
create temp view purchase as
  select job, nth, key, run, opened, state, credits, seal, 0 as in_doubt from main.purchase;
"""
_READABLE = {1: _WITHOUT_DOUBT_BESIDE + _WITHOUT_TICKETS, 2: _WITHOUT_TICKETS}
"""Schema version → what shows a reader such a ledger as one of the newest schema."""


def is_current(connection: apsw.Connection) -> bool:
    """Return whether the file has the newest schema."""
    return _version(connection) == len(MIGRATIONS)


def migrate(connection: apsw.Connection) -> None:
    """Bring the schema up to date, whole or not at all; another process may do so meanwhile."""
    if is_current(connection):
        return
    connection.execute("begin immediate")
    try:
        refuse_newer(connection)
        for step in MIGRATIONS[_version(connection) :]:
            connection.execute(step)
        connection.execute(f"pragma user_version = {len(MIGRATIONS)}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # on a full disk SQLite has rolled back already
            connection.execute("rollback")
        raise


def refuse_newer(connection: apsw.Connection) -> None:
    """Raise `LedgerUnusable` if a newer program has written the file."""
    version = _version(connection)
    if version > len(MIGRATIONS):
        raise LedgerUnusable(
            f"the ledger {connection.filename} was written by a newer version of this program "
            f"(schema {version}, and this one knows {len(MIGRATIONS)}); it was not changed.\n"
            "Update campaign-pipeline, or choose another folder with --output."
        )


def read_older(connection: apsw.Connection) -> None:
    """Let a reader see an older schema as the newest one; the file is not changed.

    Raises `LedgerUnusable` if a writing command has to bring the file up to date first.
    """
    if is_current(connection):
        return
    view = _READABLE.get(_version(connection))
    if view is None:
        raise LedgerUnusable(
            f"the ledger {connection.filename} was written by an older version of this program.\n"
            "The next `pipeline run` updates it; then try again."
        )
    connection.execute(view)


def _version(connection: apsw.Connection) -> int:
    version = connection.pragma("user_version")
    return version if isinstance(version, int) else 0
