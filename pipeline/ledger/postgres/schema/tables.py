"""The schema of the Postgres ledger, as a list of steps; a released step is never edited.

The invariants are the same as in SQLite's schema, and hold against any program that connects. Keys
and digests are bytes, values that all cells of a matrix share are stored once. Rows have no
checksums, since the server has its own. The sums in `tally` and `total` are moved once for each
statement, however many purchases it changes. `job.version` counts the changes of a job, its
purchases and its attempts, so that a group can prove that what it has read is still true.
"""

SCHEMA = "campaign_pipeline"
"""The schema in the database; one database has one ledger."""

_TABLES = """
create table ledger (
  one int primary key check (one = 1),
  name bytea not null,
  version int not null,
  commits bigint not null check (commits >= 0),
  last_job bigint not null check (last_job >= 0)
) with (fillfactor = 10);

create table writer (
  name text primary key,
  number bigint not null,
  seen bigint not null
) with (fillfactor = 50);

create table run (
  id int primary key,
  name text not null unique,
  campaign text not null,
  account text not null,
  started bigint not null,
  finished bigint,
  exit_code int,
  last_paid bigint
) with (fillfactor = 50);

create table campaign (
  id int generated always as identity primary key, slug text not null unique);
create table shape (
  id int generated always as identity primary key, axes text not null unique);

create table job (
  id bigint primary key,
  version int not null default 1,
  campaign int not null references campaign,
  shape int not null references shape,
  round int not null,
  take int not null,
  purchases int not null check (purchases >= 0),
  attempts int not null check (attempts >= purchases),
  width int,
  height int,
  bytes bigint,
  key bytea not null unique,
  cell text not null,
  ids text,
  stage text not null,
  state text not null check (state in ('planned', 'rendering', 'ordered', 'stored',
    'pending_download', 'paid_lost', 'in_doubt', 'not_sent', 'rejected', 'refused')),
  url text,
  reason text,
  path text,
  sha256 bytea,
  kind text,
  alpha text,
  check ((state = 'stored') = (path is not null))
) with (fillfactor = 60);
create index job_campaign on job (campaign, id);

create table purchase (
  job bigint not null references job,
  opened bigint not null,
  credits bigint not null check (credits >= 0),
  in_doubt bigint not null default 0
    check (in_doubt >= 0 and (in_doubt = 0 or state = 'confirmed')),
  nth int not null check (nth >= 1),
  run int not null references run,
  key bytea not null,
  state text not null check (state in ('reserved', 'confirmed', 'doubt', 'freed')),
  primary key (job, nth)
) with (fillfactor = 75);

create table ticket (
  id int primary key,
  name text not null unique,
  run int not null references run,
  profile text not null,
  model text not null,
  images int not null check (images >= 1),
  opened bigint not null,
  state text not null
    check (state in ('packed', 'uploaded', 'creating', 'open', 'closed', 'collected')),
  changed bigint not null,
  file text,
  batch text,
  expires bigint,
  misses int not null check (misses >= 0),
  missed bigint,
  reason text
);
create index ticket_open on ticket (id) where state <> 'collected';

create table attempt (
  job bigint not null,
  started bigint not null,
  ended bigint,
  number int not null check (number >= 1),
  nth int not null,
  run int not null references run,
  ticket int references ticket,
  http int,
  outcome text not null check (outcome in ('submitted', 'paid', 'failed', 'doubt')),
  request_id text,
  error text,
  primary key (job, number),
  foreign key (job, nth) references purchase
) with (fillfactor = 75);
create index attempt_open on attempt (run) where outcome = 'submitted';
create index attempt_ticket on attempt (ticket) where ticket is not null;

create table reply (
  id bigint generated always as identity primary key,
  job bigint not null references job,
  number int not null,
  raw bytea not null
);
create index reply_job on reply (job);

create table tally (
  run int not null references run,
  month text not null,
  confirmed bigint not null default 0 check (confirmed >= 0),
  doubt bigint not null default 0 check (doubt >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  primary key (run, month)
) with (fillfactor = 20);

create table total (
  account text not null,
  campaign text not null,
  month text not null,
  confirmed bigint not null default 0 check (confirmed >= 0),
  doubt bigint not null default 0 check (doubt >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  primary key (account, campaign, month),
  check ((campaign = '') <> (month = ''))
) with (fillfactor = 20);

create table verdict (
  id bigint generated always as identity primary key,
  campaign text not null,
  cell text not null,
  stage text not null,
  revision int not null check (revision >= 1),
  decision text not null,
  round int not null,
  take int not null,
  job text not null,
  sha256 text not null,
  by text not null,
  at text not null,
  note text not null,
  unique (campaign, cell, stage, revision)
);
"""

_TRIGGERS = """
create function month_of(moment bigint) returns text language sql immutable
  return to_char(to_timestamp(moment / 1000) at time zone 'UTC', 'YYYY-MM');

create function move_sums(run_ int, month_ text, c bigint, d bigint, r bigint)
returns void language plpgsql as $$
declare payer record;
begin
  select account, campaign into payer from run where id = run_;
  update tally set confirmed = confirmed + c, doubt = doubt + d, reserved = reserved + r
    where run = run_ and month = month_;
  update total set confirmed = confirmed + c, doubt = doubt + d, reserved = reserved + r
    where account = payer.account and campaign = payer.campaign and month = '';
  update total set confirmed = confirmed + c, doubt = doubt + d, reserved = reserved + r
    where account = payer.account and campaign = '' and month = month_;
end $$;

create function purchase_opened() returns trigger language plpgsql
set search_path from current as $$
declare moved record;
begin
  for moved in
    select p.run, month_of(p.opened) as month,
      sum((p.state = 'confirmed')::int * p.credits)::bigint as c,
      sum((p.state = 'doubt')::int * p.credits + p.in_doubt)::bigint as d,
      sum((p.state = 'reserved')::int * p.credits)::bigint as r
    from fresh p group by 1, 2 order by 1, 2
  loop
    insert into tally (run, month) values (moved.run, moved.month) on conflict do nothing;
    insert into total (account, campaign, month)
      select account, campaign, '' from run where id = moved.run
      union all select account, '', moved.month from run where id = moved.run
      on conflict do nothing;
    perform move_sums(moved.run, moved.month, moved.c, moved.d, moved.r);
  end loop;
  return null;
end $$;

create function purchase_moved() returns trigger language plpgsql
set search_path from current as $$
declare moved record;
begin
  for moved in
    select p.run, month_of(p.opened) as month,
      sum(sign * (p.state = 'confirmed')::int * p.credits)::bigint as c,
      sum(sign * ((p.state = 'doubt')::int * p.credits + p.in_doubt))::bigint as d,
      sum(sign * (p.state = 'reserved')::int * p.credits)::bigint as r
    from (select 1 as sign, * from fresh union all select -1, * from stale) p
    group by 1, 2 order by 1, 2
  loop
    perform move_sums(moved.run, moved.month, moved.c, moved.d, moved.r);
  end loop;
  return null;
end $$;

create trigger purchase_opened after insert on purchase
  referencing new table as fresh for each statement execute function purchase_opened();
create trigger purchase_moved after update on purchase
  referencing new table as fresh old table as stale
  for each statement execute function purchase_moved();

create function refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = 'integrity_constraint_violation', message = tg_argv[0];
end $$;
create trigger purchase_fixed before update on purchase for each row when (
    (new.job, new.nth, new.key, new.run, new.opened)
      is distinct from (old.job, old.nth, old.key, old.run, old.opened)
    or (new.state = 'reserved' and old.state <> 'reserved')
    or (old.state = 'confirmed' and (
      new.state <> 'confirmed' or new.credits < old.credits or new.in_doubt > old.in_doubt
      or (old.in_doubt = 0 and new.credits <> old.credits))))
  execute function refuse('a purchase is never rewritten');
create trigger attempt_fixed before update on attempt for each row when (
    (new.job, new.number, new.nth, new.run, new.started, new.ticket)
      is distinct from (old.job, old.number, old.nth, old.run, old.started, old.ticket)
    or old.outcome in ('paid', 'failed')
    or (old.outcome = 'doubt' and new.outcome <> 'paid'))
  execute function refuse('a closed attempt is never rewritten');
create function ticket_moved() returns trigger language plpgsql
set search_path from current as $$
declare states text[] := '{packed, uploaded, creating, open, closed, collected}';
begin
  if (new.id, new.name, new.run, new.profile, new.model, new.images, new.opened)
      is distinct from (old.id, old.name, old.run, old.profile, old.model, old.images, old.opened)
    or (old.file is not null and new.file is distinct from old.file)
    or (old.batch is not null and new.batch is distinct from old.batch)
    or array_position(states, new.state) < array_position(states, old.state)
    or (new.state = 'collected' and exists (
      select from attempt where ticket = old.id and outcome = 'submitted'))
  then
    raise exception using errcode = 'integrity_constraint_violation',
      message = 'a ticket never goes back';
  end if;
  return new;
end $$;
create trigger ticket_fixed before update on ticket for each row execute function ticket_moved();
create trigger ticket_kept before delete on ticket for each row
  execute function refuse('a ticket is never deleted');
create trigger verdict_fixed before update on verdict for each row
  execute function refuse('a verdict is never rewritten');
create trigger run_kept before delete on run for each row
  execute function refuse('a run is never deleted');
create trigger job_kept before delete on job for each row
  execute function refuse('a job is never deleted');
create trigger purchase_kept before delete on purchase for each row
  execute function refuse('a purchase is never deleted');
create trigger attempt_kept before delete on attempt for each row
  execute function refuse('an attempt is never deleted');
create trigger verdict_kept before delete on verdict for each row
  execute function refuse('a verdict is never deleted');
"""

_LEASES = """
create table lease (
  run int primary key references run,
  shard int not null check (shard between 1 and shards),
  shards int not null,
  place text not null,
  owner text not null,
  seconds double precision not null,
  renewed timestamptz not null,
  halted jsonb
) with (fillfactor = 50);

create function is_living(renewed timestamptz, seconds double precision) returns boolean
language sql volatile as $$
  select greatest(renewed, pg_postmaster_start_time()) + make_interval(secs => seconds)
    > clock_timestamp()
$$;

create table pace (
  account text primary key,
  next_start timestamptz not null default '-infinity',
  resume_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
"""
"""Runs that are alive, and how fast an account may be asked.

A run may buy as long as its lease is here, even if nobody renewed it in time: only a run that takes
its place removes it. After a restart of the server, every lease lives on for its whole time, since
nobody could renew one.
"""

_FUNCTIONS_ANEW = "select"
"""No table changes: functions are made anew with every step."""

MIGRATIONS: tuple[str, ...] = (_TABLES + _TRIGGERS, _LEASES, _FUNCTIONS_ANEW)
"""Step n brings a ledger from schema version n to n + 1."""
