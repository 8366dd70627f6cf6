-- Training as jobs: filed by engineers or the service, claimed by any instance, finished step by step (sensor x algorithm).

alter table training_jobs
  add column origin       text not null default 'person' check (origin in ('person', 'nightly', 'drift')),
  add column batch        text,                          -- jobs that were decided on together: the plant's date of a night
  add column not_before   timestamptz not null default now(),
  add column window_to    timestamptz,                   -- newest end of the training window, fixed when the job begins
  add column repeat_of    bigint references training_jobs on delete set null,
  add column attempts     integer not null default 0,
  add column error_params jsonb not null default '{}';   -- fields of `error`, an English sentence
create unique index training_jobs_batch on training_jobs (batch, (sensor_ids[1])) where batch is not null;
create index training_jobs_newest on training_jobs (requested_at desc);

-- One finished step. `backtest` (the folds' forecasts) is kept until its job ends, so that a crash costs one step at most.
create table training_results (
  job_id          bigint not null references training_jobs on delete cascade,
  sensor_id       integer not null references sensors on delete cascade,
  algorithm       text not null,                         -- 'champion': the model that was in charge
  status          text not null check (status in ('done', 'failed')),
  error           text not null default '',
  error_params    jsonb not null default '{}',
  model_id        integer references trained_models on delete set null,
  season          integer,
  data_sha256     text,
  artefact_sha256 text,
  backtest        bytea,
  facts           jsonb not null default '{}',           -- folds, seconds, share of outliers and gaps, versions
  scores          jsonb,
  verdict         jsonb,
  p               double precision check (p between 0 and 1), -- of the weakest duel
  passed          boolean,
  outcome         text not null default '' check (outcome in ('', 'champion', 'challenger', 'refreshed', 'kept')),
  finished_at     timestamptz not null default clock_timestamp(),
  primary key (job_id, sensor_id, algorithm)
);
create index training_results_model on training_results (model_id);

revoke insert, update on training_jobs from ksys_engineer; -- by the functions, which check and leave a trace
revoke insert (sensor_ids, algorithms, request, time_limit_s, memory_limit_mb), update (cancel_requested) on training_jobs from ksys_engineer;
grant select on training_results to ksys_viewer;
grant insert, update, delete on training_results to ksys_service;

-- A number of a request within bounds; null where it is missing.
create function training_number(request jsonb, field text, low double precision, high double precision, whole boolean)
returns double precision language plpgsql immutable set search_path = pg_catalog, public as $$
declare
  found double precision;
begin
  if request -> field is null or jsonb_typeof(request -> field) = 'null' then
    return null;
  end if;
  if jsonb_typeof(request -> field) = 'number' then
    found := (request ->> field)::double precision;
  end if;
  if found is null or found < low or found > high or whole and found <> floor(found) then
    perform ksys_refuse('training.field', jsonb_build_object('field', field, 'low', low, 'high', high));
  end if;
  return found;
end $$;

-- Files a job. The request: interval_s, horizon, season (null: found), history_days, folds, seed, params (by algorithm),
-- after ('keep' or 'gate'). Of a batch, a sensor gets one job; null when it has it.
create function file_training(
  sensors integer[], algorithms text[], request jsonb, time_limit_s double precision default 3600,
  memory_limit_mb integer default 4096, origin text default 'person', batch text default null,
  not_before timestamptz default null, station text default ''
) returns bigint language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  made bigint;
  strangers integer[];
begin
  if origin <> 'person' and not pg_has_role(session_user, 'ksys_service', 'member') then
    perform ksys_refuse('training.origin');
  end if;
  if coalesce(cardinality(sensors), 0) not between 1 and 1000 or coalesce(cardinality(algorithms), 0) not between 1 and 16 then
    perform ksys_refuse('training.size');
  end if;
  select array_agg(id) into strangers from unnest(sensors) id
  where not exists (select from public.sensors s where s.sensor_id = id and s.enabled);
  if strangers is not null then
    perform ksys_refuse('readings.unknown_sensor', jsonb_build_object('ids', array_to_string(strangers[:10], ', ')));
  end if;
  if exists (select from unnest(algorithms) a where a is null or a !~ '^[a-z][a-z0-9_]{0,63}$' or a = 'champion') then
    perform ksys_refuse('training.algorithm');
  end if;
  if training_number(request, 'interval_s', 60, 86400, true) is null or (request ->> 'interval_s')::int % 60 <> 0
     or 86400 % (request ->> 'interval_s')::int <> 0 then
    perform ksys_refuse('training.interval');
  end if;
  if training_number(request, 'horizon', 1, 10000, true) is null
     or training_number(request, 'history_days', 0.01, 3660, false) is null then
    perform ksys_refuse('training.incomplete');
  end if;
  perform training_number(request, 'season', 1, 100000, true);
  perform training_number(request, 'folds', 3, 2000, true);
  perform training_number(request, 'seed', 0, 2147483647, true);
  if jsonb_typeof(coalesce(request -> 'params', '{}')) <> 'object' or coalesce(request ->> 'after', 'keep') not in ('keep', 'gate') then
    perform ksys_refuse('training.incomplete');
  end if;
  if time_limit_s not between 1 and 86400 or memory_limit_mb not between 256 and 1048576 then
    perform ksys_refuse('training.limits');
  end if;
  insert into training_jobs as j (sensor_ids, algorithms, request, time_limit_s, memory_limit_mb, origin, batch, not_before)
  values ((select array_agg(distinct id order by id) from unnest(sensors) id), algorithms, request, time_limit_s,
          memory_limit_mb, origin, batch, coalesce(not_before, now()))
  on conflict do nothing
  returning j.job_id into made;
  if made is null then
    return null;
  end if;
  insert into audit_log (action, object, station, after)
  values ('training.file', 'training job ' || made, station, (select to_jsonb(j) - 'log' from training_jobs j where j.job_id = made));
  perform ksys_notify('training', array[made::integer]);
  return made;
end $$;

-- Files the same job again, over the same window of data: its models must come out the same, to the last bit.
create function repeat_training(job bigint, station text default '') returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  made bigint;
begin
  insert into training_jobs as n (sensor_ids, algorithms, request, time_limit_s, memory_limit_mb, window_to, repeat_of)
  select j.sensor_ids, j.algorithms, j.request || '{"after": "keep"}', j.time_limit_s, j.memory_limit_mb, j.window_to, j.job_id
  from training_jobs j where j.job_id = job and j.window_to is not null
  returning n.job_id into made;
  if made is null then
    perform ksys_refuse('training.no_window', jsonb_build_object('job', job));
  end if;
  insert into audit_log (action, object, station) values ('training.repeat', 'training job ' || job || ' as ' || made, station);
  perform ksys_notify('training', array[made::integer]);
  return made;
end $$;

-- Ends a job: at once while it waits, else its process is ended by the instance that runs it. False when it has ended.
create function cancel_training(job bigint, because text default '', station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was text;
begin
  select j.status into was from training_jobs j where j.job_id = job for update;
  if was is null then
    perform ksys_refuse('training.unknown', jsonb_build_object('job', job));
  end if;
  if was not in ('queued', 'running') then
    return false;
  end if;
  update training_jobs j
  set cancel_requested = true, status = case was when 'queued' then 'cancelled' else j.status end,
      finished_at = case was when 'queued' then clock_timestamp() end
  where j.job_id = job;
  insert into audit_log (action, object, station, reason) values ('training.cancel', 'training job ' || job, station, because);
  perform ksys_notify('training', array[job::integer]);
  return true;
end $$;

revoke execute on function training_number, file_training, repeat_training, cancel_training from public;
grant execute on function file_training, repeat_training, cancel_training to ksys_engineer, ksys_service;
