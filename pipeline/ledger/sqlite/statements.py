"""Every SQL statement that reads or writes rows.

`(:keys)` becomes as many placeholders as there are keys. Rows are read whole: `columns` knows their
columns in the order of the schema.
"""

LEDGER = "select name, commits from ledger"
NAME_LEDGER = "insert into ledger (one, name, commits) values (1, ?, 0)"
COUNT_COMMIT = "update ledger set commits = commits + 1 returning name, commits"
MISCOUNTED = """
select
  exists (
    select run, strftime('%Y-%m', opened / 1000, 'unixepoch'), sum((state = 'confirmed') * credits),
      sum((state = 'doubt') * credits + in_doubt), sum((state = 'reserved') * credits)
    from purchase group by 1, 2
    except select run, month, confirmed, doubt, reserved from tally
  ) or exists (
    select account, campaign, '', sum(confirmed), sum(doubt), sum(reserved)
    from tally join run on run.id = tally.run group by 1, 2
    except select account, campaign, month, confirmed, doubt, reserved from total
  ) or exists (
    select account, '', month, sum(confirmed), sum(doubt), sum(reserved)
    from tally join run on run.id = tally.run group by 1, 3
    except select account, campaign, month, confirmed, doubt, reserved from total
  )
"""

RUN = "select * from run where name = ?"
RUN_BY_ID = "select * from run where id = ?"
RUNS = "select * from run where ?1 is null or campaign = ?1 order by id desc"
BUYING_RUNS = """
select run.*, sum(confirmed), sum(doubt + reserved) from run join tally on tally.run = run.id
where campaign = ? group by run.id order by run.id
"""
ADD_RUN = "insert into run (id, name, campaign, account, started) values (?, ?, ?, ?, ?)"
SAVE_RUN = "update run set finished = ?, exit_code = ?, last_paid = ? where id = ?"

SLUG = "select slug from campaign where id = ?"
CAMPAIGN = "select id from campaign where slug = ?"
ADD_CAMPAIGN = "insert into campaign (slug) values (?)"
AXES = "select axes from shape where id = ?"
SHAPE = "select id from shape where axes = ?"
ADD_SHAPE = "insert into shape (axes) values (?)"

JOB = "select * from job where key = ?"
JOB_BY_ID = "select * from job where id = ?"
NEXT_JOB = "select coalesce(max(id), 0) + 1 from job"
ADD_JOB = """
insert into job (id, key, campaign, cell, shape, ids, stage, round, take, state, purchases,
  attempts, url, reason, path, sha256, bytes, kind, width, height, alpha, seal)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE_JOB = """
update job set state = ?, purchases = ?, attempts = ?, url = ?, reason = ?, path = ?, sha256 = ?,
  bytes = ?, kind = ?, width = ?, height = ?, alpha = ?, seal = ?
where id = ?
"""
JOBS = """
select job.*, p.* from job left join purchase p on p.job = job.id where job.key in (:keys)
"""
CAMPAIGN_JOBS = """
select job.*, p.* from job left join purchase p on p.job = job.id
where job.campaign = (select id from campaign where slug = ?)
order by job.id
"""

IMAGES = """
select key, url, sha256 from job where url is not null and purchases > 0 order by id
"""

PURCHASE = "select * from purchase where job = ? and nth = ?"
ADD_PURCHASE = """
insert into purchase (job, nth, key, run, opened, state, credits, in_doubt, seal)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE_PURCHASE = """
update purchase set state = ?, credits = ?, in_doubt = ?, seal = ? where job = ? and nth = ?
"""

ATTEMPT = "select * from attempt where job = ? and number = ?"
ADD_ATTEMPT = """
insert into attempt (job, number, nth, run, started, ended, http, outcome, request_id, error, seal,
  ticket)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE_ATTEMPT = """
update attempt set ended = ?, http = ?, outcome = ?, request_id = ?, error = ?, seal = ?
where job = ? and number = ?
"""
OPEN_ATTEMPTS = "select * from attempt where outcome = 'submitted' and ticket is null"
TICKET_ATTEMPTS = """
select * from attempt where ticket = ? and outcome = 'submitted' order by job, number
"""
ATTEMPTS = """
select job.key, run.name, p.key, ticket.name, a.* from job join attempt a on a.job = job.id
join purchase p on p.job = a.job and p.nth = a.nth join run on run.id = a.run
left join ticket on ticket.id = a.ticket
where job.key in (:keys)
order by a.job, a.number
"""
REPLY = """
select raw from reply where job = (select id from job where key = ?) order by id desc limit 1
"""
ADD_REPLY = "insert into reply (job, number, raw) values (?, ?, ?)"

TICKET = "select * from ticket where name = ?"
OPEN_TICKETS = "select * from ticket where state <> 'collected' order by id"
NEXT_TICKET = "select coalesce(max(id), 0) + 1 from ticket"
ADD_TICKET = """
insert into ticket (id, name, run, profile, model, images, opened, state, changed, file, batch,
  expires, misses, missed, reason, seal)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SAVE_TICKET = """
update ticket set state = ?, changed = ?, file = ?, batch = ?, expires = ?, misses = ?, missed = ?,
  reason = ?, seal = ?
where id = ?
"""

SPENT_BY_RUN = """
select coalesce(sum(confirmed), 0), coalesce(sum(doubt + reserved), 0)
from tally where run = (select id from run where name = ?)
"""
SPENT_BY_ACCOUNT = """
select coalesce(sum(confirmed), 0), coalesce(sum(doubt + reserved), 0)
from total where account = ? and campaign = ? and month = ?
"""
SPENT = """
select coalesce(sum(confirmed), 0), coalesce(sum(doubt + reserved), 0)
from tally join run on run.id = tally.run
where (?1 is null or account = ?1) and (?2 is null or campaign = ?2)
  and (?3 is null or name = ?3) and (?4 is null or month = ?4)
"""

ADD_VERDICT = """
insert into verdict (campaign, cell, stage, revision, decision, round, take, job, sha256, by, at,
  note)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
NEWEST_VERDICT = """
select * from verdict where campaign = ? and cell = ? and stage = ? order by revision desc limit 1
"""
VERDICTS = """
select * from verdict where campaign = ?1 and (?2 is null or cell = ?2) order by id
"""
