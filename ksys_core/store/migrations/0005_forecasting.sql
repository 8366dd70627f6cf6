-- Models, their deployment, their forecasts with what came true, and hourly sums to score them by.
-- A forecast of step k made at issue_ts is the mean over the model's interval that ends at issue_ts + k * interval.

create table trained_models (
  model_id        integer generated always as identity primary key,
  sensor_id       integer not null references sensors on delete cascade,
  algorithm       text not null check (algorithm ~ '^[a-z][a-z0-9_]{0,63}$'),
  version         integer not null check (version > 0),          -- counts up per sensor and algorithm
  interval_s      integer not null check (interval_s >= 60 and interval_s % 60 = 0),
  horizon         integer not null check (horizon between 1 and 10000),
  season          integer not null check (season >= 1),          -- 1: none
  params          jsonb not null default '{}',
  artefact        text not null,                                 -- JSON, exactly the characters that were hashed
  artefact_sha256 text not null check (artefact_sha256 ~ '^[0-9a-f]{64}$'),
  data_from       timestamptz not null,
  data_to         timestamptz not null,
  data_n          integer not null,
  scale           double precision check (scale > 0),            -- mean absolute one-season change in training, for MASE
  fit_s           double precision not null,
  notes           text[] not null default '{}',                  -- what the library said while fitting
  job_id          bigint,
  created_at      timestamptz not null default now(),
  created_by      text not null default session_user,
  unique (sensor_id, algorithm, version),
  check (data_from < data_to)
);

create table deployed_models (
  deployment_id  integer generated always as identity primary key,
  model_id       integer not null references trained_models on delete cascade,
  sensor_id      integer not null references sensors on delete cascade,
  role           text not null default 'champion' check (role in ('champion', 'challenger')),
  is_active      boolean not null default true,                  -- the one truth about what runs
  deployed_from  timestamptz not null default now(),
  deployed_until timestamptz,
  deployed_by    text not null default session_user,
  reason         text not null default '',
  last_state     text not null default 'new' check (last_state in ('new', 'model', 'fallback', 'stale', 'failed')),
  last_error     text not null default '',
  last_run_at    timestamptz,
  last_issue_ts  timestamptz,                                    -- newest issue time with stored forecasts
  check (is_active = (deployed_until is null))
);
create unique index deployed_models_champion on deployed_models (sensor_id) where is_active and role = 'champion';
create unique index deployed_models_once on deployed_models (model_id) where is_active;

create table forecast_results (
  model_id     integer not null,
  sensor_id    integer not null,
  issue_ts     timestamptz not null,
  target_ts    timestamptz not null,                             -- end of the interval that is forecast
  step         integer not null check (step >= 1),
  interval_s   integer not null,
  value        double precision not null,
  lo80         double precision not null,
  hi80         double precision not null,
  lo95         double precision not null,
  hi95         double precision not null,
  source       text not null check (source in ('model', 'fallback')),
  actual       double precision,
  actual_state text not null default 'pending' check (actual_state in ('pending', 'matched', 'none')),
  primary key (model_id, issue_ts, target_ts),
  check (target_ts = issue_ts + step * interval_s * interval '1 second'),
  check (lo95 <= lo80 and lo80 <= value and value <= hi80 and hi80 <= hi95),
  check ((actual is not null) = (actual_state = 'matched'))
);
create index forecast_results_pending on forecast_results (target_ts) where actual_state = 'pending';
create index forecast_results_target on forecast_results (sensor_id, target_ts);

-- Sums that can be added over steps, hours and models; only rows of the model itself count, fallbacks are counted apart.
create table model_performance_metrics (
  model_id    integer not null references trained_models on delete cascade,
  hour        timestamptz not null,                              -- of the target time
  step        integer not null,
  n           integer not null,
  n_fallback  integer not null,
  sum_abs     double precision not null,                         -- of errors: forecast - actual
  sum_err     double precision not null,
  sum_sq      double precision not null,
  sum_actual  double precision not null,                         -- of |actual|
  sum_smape   double precision not null,                         -- of 2|error| / (|forecast| + |actual|), 0 where both are 0
  hits80      integer not null,
  hits95      integer not null,
  sum_width80 double precision not null,
  sum_width95 double precision not null,
  sum_score80 double precision not null,                         -- interval score (Gneiting, Raftery 2007)
  sum_score95 double precision not null,
  computed_at timestamptz not null default now(),
  primary key (model_id, hour, step)
);

create table training_jobs (
  job_id           bigint generated always as identity primary key,
  sensor_ids       integer[] not null check (cardinality(sensor_ids) > 0),
  algorithms       text[] not null check (cardinality(algorithms) > 0),
  request          jsonb not null default '{}',
  status           text not null default 'queued' check (status in ('queued', 'running', 'done', 'failed', 'cancelled')),
  phase            text not null default '',
  progress         double precision not null default 0 check (progress between 0 and 1),
  requested_by     text not null default session_user,
  requested_at     timestamptz not null default now(),
  claimed_by       text,
  heartbeat_at     timestamptz,
  started_at       timestamptz,
  finished_at      timestamptz,
  cancel_requested boolean not null default false,
  time_limit_s     double precision not null default 3600 check (time_limit_s > 0),
  memory_limit_mb  integer not null default 4096 check (memory_limit_mb > 0),
  result           jsonb,
  error            text not null default '',
  log              text not null default ''
);
create index training_jobs_waiting on training_jobs (job_id) where status in ('queued', 'running');
alter table trained_models add foreign key (job_id) references training_jobs on delete set null;

create table drift_findings (
  finding_id bigint generated always as identity primary key,
  model_id   integer references trained_models on delete cascade,
  sensor_id  integer not null references sensors on delete cascade,
  kind       text not null check (kind in ('concept', 'bias', 'input', 'coverage')),
  severity   text not null check (severity in ('watch', 'act')),
  found_at   timestamptz not null default now(),
  statistic  double precision not null,
  threshold  double precision not null,
  effect     text not null default '',
  cleared_at timestamptz
);
create index drift_findings_open on drift_findings (sensor_id) where cleared_at is null;

do $$
begin
  if exists (select from pg_extension where extname = 'timescaledb')
     and (select relkind <> 'p' from pg_class where oid = 'public.sensor_readings'::regclass) then
    perform create_hypertable('forecast_results', by_range('target_ts', interval '7 days'), create_default_indexes => false);
    perform add_retention_policy('forecast_results', interval '180 days');
  end if;
end $$;

-- Deploys a model for its sensor; a champion takes the place of the one before. Returns the deployment.
create function deploy_model(model integer, as_role text default 'champion', because text default '', station text default '')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  sensor integer;
  before jsonb;
  made integer;
begin
  select m.sensor_id into sensor from trained_models m where m.model_id = model;
  if sensor is null then
    raise exception 'there is no model %', model using errcode = 'no_data_found';
  end if;
  perform from sensors s where s.sensor_id = sensor for no key update;
  select jsonb_agg(to_jsonb(d)) into before from deployed_models d
  where d.is_active and (d.model_id = model or (as_role = 'champion' and d.sensor_id = sensor and d.role = 'champion'));
  update deployed_models d set is_active = false, deployed_until = now()
  where d.is_active and (d.model_id = model or (as_role = 'champion' and d.sensor_id = sensor and d.role = 'champion'));
  insert into deployed_models (model_id, sensor_id, role, reason) values (model, sensor, as_role, because)
  returning deployment_id into made;
  insert into audit_log (action, object, station, before, after, reason)
  values ('deploy_model', 'model ' || model, station, before,
          (select to_jsonb(d) from deployed_models d where d.deployment_id = made), because);
  perform ksys_notify('models', array[model]);
  return made;
end $$;

-- Ends the active deployment of a model; false when it has none.
create function undeploy_model(model integer, because text default '', station text default '')
returns boolean language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  before jsonb;
begin
  select to_jsonb(d) into before from deployed_models d where d.model_id = model and d.is_active for update;
  if before is null then
    return false;
  end if;
  update deployed_models d set is_active = false, deployed_until = now() where d.model_id = model and d.is_active;
  insert into audit_log (action, object, station, before, reason)
  values ('undeploy_model', 'model ' || model, station, before, because);
  perform ksys_notify('models', array[model]);
  return true;
end $$;

revoke execute on function deploy_model, undeploy_model from public;
grant execute on function deploy_model, undeploy_model to ksys_engineer, ksys_service;

grant select on trained_models, deployed_models, forecast_results, model_performance_metrics, training_jobs, drift_findings to ksys_viewer;
grant insert (sensor_id, algorithm, version, interval_s, horizon, season, params, artefact, artefact_sha256, data_from, data_to, data_n,
  scale, fit_s, notes, job_id) on trained_models to ksys_engineer, ksys_service;
grant insert (sensor_ids, algorithms, request, time_limit_s, memory_limit_mb), update (cancel_requested) on training_jobs to ksys_engineer;
grant update (last_state, last_error, last_run_at, last_issue_ts) on deployed_models to ksys_service;
grant insert, update, delete on forecast_results, model_performance_metrics, training_jobs, drift_findings to ksys_service;
