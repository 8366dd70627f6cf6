-- Advisories that tell of a model: the forecast of a tag no longer fits. They stand in the operators' list beside those
-- of limits, but in a table of their own, so that nothing that scores or counts foretold crossings can meet one.

create table drift_advisories (
  advisory_id  bigint primary key default nextval(pg_get_serial_sequence('public.advisories', 'advisory_id')), -- one count for the list
  sensor_id    integer not null references sensors on delete cascade,
  model_id     integer not null,                     -- the champion that no longer fits
  findings     jsonb not null,                       -- as they show now, or showed last: kind, severity, statistic, threshold
  effect       text not null default '' check (effect in ('', 'retraining', 'paused', 'on_trial')), -- see drift_findings
  job_id       bigint references training_jobs on delete set null,
  opened_at    timestamptz not null,
  updated_at   timestamptz not null,
  closed_at    timestamptz,
  close_reason text not null default '' check (close_reason in ('', 'settled', 'retrained', 'replaced', 'no_model')),
  seen_by      text,
  seen_at      timestamptz,
  check ((closed_at is null) = (close_reason = ''))
);
create unique index drift_advisories_open on drift_advisories (sensor_id) where closed_at is null;
create index drift_advisories_closed on drift_advisories (closed_at desc);

-- What a finding that asks for retraining led to: a job, or why none was filed.
alter table drift_findings add check (effect in ('', 'retraining', 'paused', 'on_trial'));

-- Marks advisories of either kind as seen; those that were seen before stay as they are. Gives the number marked.
create or replace function advisory_seen(ids bigint[]) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  marked integer[];
begin
  with limits as (
    update advisories set seen_by = session_user, seen_at = clock_timestamp()
     where advisory_id = any(ids) and seen_by is null returning sensor_id
  ), drifts as (
    update drift_advisories set seen_by = session_user, seen_at = clock_timestamp()
     where advisory_id = any(ids) and seen_by is null returning sensor_id
  ), done as (
    select sensor_id from limits union all select sensor_id from drifts)
  select array_agg(sensor_id) into marked from done;
  if marked is not null then
    perform ksys_notify('advisories', marked);
  end if;
  return coalesce(cardinality(marked), 0);
end $$;

grant select on drift_advisories to ksys_viewer;
grant insert, update, delete on drift_advisories to ksys_service;
grant usage on sequence advisories_advisory_id_seq to ksys_service;
