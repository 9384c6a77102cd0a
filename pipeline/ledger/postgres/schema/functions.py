"""The functions in the database: a group of operations reads with one call and writes with one.

Each call is a whole transaction of one statement. So no transaction is open while a client thinks,
and a client that dies blocks nobody; a pooler may give each call to another connection. They are
made anew by whoever brings the schema up to date, since they belong to the program, not the rows.
"""

JOB = """j.id, j.version, encode(j.key, 'hex'), c.slug, s.axes, j.cell, j.ids, j.stage, j.round,
  j.take, j.state, j.purchases, j.attempts, j.url, j.reason, j.path, encode(j.sha256, 'hex'),
  j.bytes, j.kind, j.width, j.height, j.alpha"""
JOBS = "job j join campaign c on c.id = j.campaign join shape s on s.id = j.shape"
PURCHASE = (
    "p.job, p.nth, encode(p.key, 'hex'), p.run, p.opened, p.state, p.credits::bigint, p.in_doubt"
)
ATTEMPT = """a.job, a.number, a.nth, a.run, a.started, a.ended, a.http, a.outcome, a.request_id,
  a.error, a.ticket"""
TICKET = """t.id, t.name, t.run, t.profile, t.model, t.images, t.opened, t.state, t.changed,
  t.file, t.batch, t.expires, t.misses, t.missed, t.reason"""
RUN = "r.id, r.name, r.campaign, r.account, r.started, r.finished, r.exit_code, r.last_paid"
"""Columns in the order in which `columns` reads them."""

_SETTINGS = """
set search_path from current
set jit = off
set lock_timeout = '60s'
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
"""
"""Rows are found by their keys; a plan that was made for an empty table would read all of it."""

_SPENT = """
create or replace function spent_in(scope jsonb) returns table (confirmed bigint, held bigint)
language plpgsql stable
set search_path from current as $$
begin
  if scope ->> 'run' is not null then
    return query select coalesce(sum(t.confirmed), 0)::bigint,
      coalesce(sum(t.doubt + t.reserved), 0)::bigint
      from tally t where t.run = (select id from run where name = scope ->> 'run');
  else
    return query select coalesce(sum(t.confirmed), 0)::bigint,
      coalesce(sum(t.doubt + t.reserved), 0)::bigint
      from total t where t.account = scope ->> 'account'
        and t.campaign = coalesce(scope ->> 'campaign', '')
        and t.month = coalesce(scope ->> 'month', '');
  end if;
end $$;
"""
"""Return the sum of one of the scopes that budgets have."""

_READ = f"""
create or replace function read_group(asked jsonb) returns json
language plpgsql stable {_SETTINGS} as $$
declare
  keys bytea[] := array(
    select decode(k, 'hex') from jsonb_array_elements_text(asked -> 'keys') k);
  ids int[];
  book record;
begin
  ids := array(
    select id from jsonb_array_elements_text(asked -> 'runs') n join run on run.name = n
    union select p.run from job j join purchase p on p.job = j.id where j.key = any(keys)
    union select a.run from job j join attempt a on a.job = j.id where j.key = any(keys));
  select l.name, l.commits, l.last_job into book from ledger l where one = 1;
  return json_build_object(
    'commits', book.commits,
    'last_job', book.last_job,
    'now', (extract(epoch from clock_timestamp()) * 1000)::bigint,
    'number', (select w.number from writer w where w.name = asked ->> 'writer'),
    'jobs', (select json_agg(json_build_array({JOB})) from {JOBS} where j.key = any(keys)),
    'purchases', (select json_agg(json_build_array({PURCHASE}))
      from job j join purchase p on p.job = j.id where j.key = any(keys)),
    'attempts', (select json_agg(json_build_array({ATTEMPT}))
      from job j join attempt a on a.job = j.id where j.key = any(keys)),
    'runs', (select json_agg(json_build_array({RUN})) from run r where r.id = any(ids)),
    'leases', (select json_agg(json_build_array(l.run, l.halted))
      from lease l where l.run = any(ids)),
    'sums', (select json_agg(json_build_array(s.confirmed, s.held) order by n)
      from jsonb_array_elements(asked -> 'scopes') with ordinality x(scope, n),
        lateral spent_in(x.scope) s)
  );
end $$;
"""
"""Return what a group of operations needs to know, as one snapshot."""

_WRITE = f"""
create or replace function write_group(work jsonb) returns json
language plpgsql {_SETTINGS} as $$
declare
  book record;
  limited record;
  stored bigint;
  base bigint := (work ->> 'last_job')::bigint;
  shift bigint;
begin
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  -- groups of all machines are written one after the other: no deadlocks, no races for a budget
  select l.commits, l.last_job into book from ledger l where one = 1 for update;
  select number into stored from writer where name = work ->> 'writer';
  if stored >= (work ->> 'first')::bigint then
    return json_build_object('number', stored);
  end if;
  if book.commits < (work ->> 'commits')::bigint then
    return json_build_object('behind', (work ->> 'commits')::bigint - book.commits);
  end if;

  if exists (
    select from jsonb_to_recordset(work -> 'seen') as v(id bigint, version int)
    left join job on job.id = v.id where job.version is distinct from v.version
  ) or exists (
    select from jsonb_to_recordset(work -> 'new_jobs') as v(key text)
    join job on job.key = decode(v.key, 'hex')
  ) then
    return json_build_object('conflict', 'job');
  end if;
  if exists (
    select from jsonb_array_elements_text(work -> 'permits') p
    left join lease l on l.run = p::int where l.run is null or l.halted is not null
  ) then
    return json_build_object('conflict', 'lease');
  end if;
  for limited in
    select * from jsonb_to_recordset(work -> 'limits') as v(scope jsonb, most bigint, more bigint)
  loop
    if (select s.confirmed + s.held from spent_in(limited.scope) s) + limited.more > limited.most
    then return json_build_object('conflict', 'budget'); end if;
  end loop;

  shift := book.last_job - base;
  if jsonb_array_length(work -> 'new_jobs') > 0 then
    insert into campaign (slug)
      select distinct v.slug from jsonb_to_recordset(work -> 'new_jobs') as v(slug text)
      where not exists (select from campaign c where c.slug = v.slug);
    insert into shape (axes)
      select distinct v.axes from jsonb_to_recordset(work -> 'new_jobs') as v(axes text)
      where not exists (select from shape s where s.axes = v.axes);
    insert into job (id, campaign, shape, round, take, purchases, attempts, width, height, bytes,
        key, cell, ids, stage, state, url, reason, path, sha256, kind, alpha)
      select v.id + shift, c.id, s.id, v.round, v.take, v.purchases, v.attempts, v.width,
        v.height, v.bytes, decode(v.key, 'hex'), v.cell, v.ids, v.stage, v.state, v.url, v.reason,
        v.path, decode(v.sha256, 'hex'), v.kind, v.alpha
      from jsonb_to_recordset(work -> 'new_jobs') as v(id bigint, slug text, axes text, round int,
        take int, purchases int, attempts int, width int, height int, bytes bigint, key text,
        cell text, ids text, stage text, state text, url text, reason text, path text,
        sha256 text, kind text, alpha text)
      join campaign c on c.slug = v.slug join shape s on s.axes = v.axes;
  end if;
  if jsonb_array_length(work -> 'jobs') > 0 then
    update job set version = job.version + 1, state = v.state, purchases = v.purchases,
        attempts = v.attempts, url = v.url, reason = v.reason, path = v.path,
        sha256 = decode(v.sha256, 'hex'), bytes = v.bytes, kind = v.kind, width = v.width,
        height = v.height, alpha = v.alpha
      from jsonb_to_recordset(work -> 'jobs') as v(id bigint, state text, purchases int,
        attempts int, url text, reason text, path text, sha256 text, bytes bigint, kind text,
        width int, height int, alpha text)
      where job.id = v.id;
  end if;
  if jsonb_array_length(work -> 'new_purchases') > 0 then
    insert into purchase (job, nth, key, run, opened, state, credits, in_doubt)
      select v.job + case when v.job > base then shift else 0 end, v.nth, decode(v.key, 'hex'),
        v.run, v.opened, v.state, v.credits, v.in_doubt
      from jsonb_to_recordset(work -> 'new_purchases') as v(job bigint, nth int, key text,
        run int, opened bigint, state text, credits bigint, in_doubt bigint);
  end if;
  if jsonb_array_length(work -> 'purchases') > 0 then
    update purchase set state = v.state, credits = v.credits, in_doubt = v.in_doubt
      from jsonb_to_recordset(work -> 'purchases') as v(job bigint, nth int, state text,
        credits bigint, in_doubt bigint)
      where purchase.job = v.job and purchase.nth = v.nth;
  end if;
  if jsonb_array_length(work -> 'new_attempts') > 0 then
    insert into attempt (job, number, nth, run, started, ended, http, outcome, request_id, error,
        ticket)
      select v.job + case when v.job > base then shift else 0 end, v.number, v.nth, v.run,
        v.started, v.ended, v.http, v.outcome, v.request_id, v.error, v.ticket
      from jsonb_to_recordset(work -> 'new_attempts') as v(job bigint, number int, nth int,
        run int, started bigint, ended bigint, http int, outcome text, request_id text,
        error text, ticket int);
  end if;
  if jsonb_array_length(work -> 'attempts') > 0 then
    update attempt set ended = v.ended, http = v.http, outcome = v.outcome,
        request_id = v.request_id, error = v.error
      from jsonb_to_recordset(work -> 'attempts') as v(job bigint, number int, ended bigint,
        http int, outcome text, request_id text, error text)
      where attempt.job = v.job and attempt.number = v.number;
  end if;
  insert into reply (job, number, raw)
    select v.job + case when v.job > base then shift else 0 end, v.number,
      decode(v.raw, 'base64')
    from jsonb_to_recordset(work -> 'replies') as v(job bigint, number int, raw text);
  update run set finished = coalesce(v.finished, run.finished),
      exit_code = coalesce(v.exit_code, run.exit_code),
      last_paid = greatest(v.last_paid, run.last_paid)
    from jsonb_to_recordset(work -> 'runs') as v(id int, finished bigint, exit_code int,
      last_paid bigint)
    where run.id = v.id;

  insert into writer (name, number, seen)
    values (work ->> 'writer', (work ->> 'number')::bigint,
      (extract(epoch from clock_timestamp()) * 1000)::bigint)
    on conflict (name) do update set number = excluded.number, seen = excluded.seen;
  update ledger set commits = commits + 1,
    last_job = last_job + jsonb_array_length(work -> 'new_jobs') where one = 1;
  return json_build_object('number', (work ->> 'number')::bigint);
end $$;
"""
"""Write a group whole, if all that it has read still holds; return its number, or what differs.

A writer counts its groups. If the reply to a call was lost, the next call finds the number stored
in the same transaction, and writes nothing.
"""

_WRITE_AND_READ = """
create or replace function write_group_and_read(work jsonb) returns json language plpgsql
set search_path from current as $$
declare written json;
begin
  written := write_group(work);
  return json_build_object('written', written, 'read', read_group(work -> 'asked'));
end $$;
"""
"""Write a group, and return what `read_group` tells of its jobs and budgets afterwards."""

_PACE = """
create or replace function take_turn(
  account_ text, gap double precision, out wait double precision, out paused double precision
) language plpgsql
set search_path from current as $$
declare
  known record;
  started timestamptz;
  moment timestamptz;
begin
  insert into pace (account) values (account_) on conflict do nothing;
  select next_start, resume_at into known from pace where account = account_ for update;
  moment := clock_timestamp();
  started := greatest(moment, known.next_start, known.resume_at);
  update pace set next_start = started + make_interval(secs => gap) where account = account_;
  wait := extract(epoch from started - moment);
  paused := extract(epoch from greatest(moment, known.resume_at) - moment);
end $$;

create or replace function pause_account(
  account_ text, seconds double precision, out wait double precision, out paused double precision
) language plpgsql
set search_path from current as $$
begin
  insert into pace (account) values (account_) on conflict do nothing;
  update pace
    set resume_at = greatest(resume_at, clock_timestamp() + make_interval(secs => seconds))
    where account = account_;
  wait := seconds;
  paused := seconds;
end $$;
"""
"""Starts of requests on one account: at least a gap apart (GCRA without a burst), and none in a
pause that the provider asked any of its coordinators for."""

FUNCTIONS = _SPENT + _READ + _WRITE + _WRITE_AND_READ + _PACE
