-- From challenger to champion and back, and scores against the baselines.

alter table deployed_models
  add column replaces   integer references deployed_models on delete set null, -- the champion's deployment before this one
  add column kept_until timestamptz;  -- a former champion that runs on in shadow, to be compared with its successor

-- What the better of naive and seasonal naive would have said at the issue time; NaN where it was not known.
alter table forecast_results
  add column naive    double precision,
  add column seasonal double precision;

alter table model_performance_metrics
  add column sum_ape      double precision not null default 0,   -- of |error| / |actual| where that is not near zero
  add column n_near_zero  integer not null default 0,            -- pairs whose actual is
  add column n_base       integer not null default 0,            -- pairs with both baselines
  add column sum_base     double precision not null default 0,   -- of |error| over these
  add column sum_naive    double precision not null default 0,   -- of the last value's |error|
  add column sum_seasonal double precision not null default 0;   -- of seasonal naive's |error|

alter table drift_findings add column job_id bigint references training_jobs on delete set null; -- the retraining it led to

-- Deploys a model for its sensor; a champion takes the place of the one before, and remembers it. Returns the deployment.
create or replace function deploy_model(model integer, as_role text default 'champion', because text default '', station text default '')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  sensor integer;
  before jsonb;
  former integer;
  made integer;
begin
  select m.sensor_id into sensor from trained_models m where m.model_id = model;
  if sensor is null then
    raise exception 'there is no model %', model using errcode = 'no_data_found';
  end if;
  perform from sensors s where s.sensor_id = sensor for no key update;
  select jsonb_agg(to_jsonb(d)), max(d.deployment_id) filter (where d.role = 'champion' and d.model_id <> model) into before, former
  from deployed_models d
  where d.is_active and (d.model_id = model or (as_role = 'champion' and d.sensor_id = sensor and d.role = 'champion'));
  update deployed_models d set is_active = false, deployed_until = now()
  where d.is_active and (d.model_id = model or (as_role = 'champion' and d.sensor_id = sensor and d.role = 'champion'));
  insert into deployed_models (model_id, sensor_id, role, reason, replaces)
  values (model, sensor, as_role, because, case when as_role = 'champion' then former end)
  returning deployment_id into made;
  insert into audit_log (action, object, station, before, after, reason)
  values ('deploy_model', 'model ' || model, station, before,
          (select to_jsonb(d) from deployed_models d where d.deployment_id = made), because);
  perform ksys_notify('models', array[model]);
  return made;
end $$;

-- Makes a model the champion; the former one runs on in shadow for `watch`, so that the two are compared on the same targets.
create function promote_model(model integer, because text, station text default '', watch interval default '24 hours')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  made integer;
  former integer;
  shadow integer;
begin
  if btrim(coalesce(because, '')) = '' then
    perform ksys_refuse('models.reason');
  end if;
  if not exists (select from trained_models m where m.model_id = model) then
    perform ksys_refuse('models.unknown', jsonb_build_object('model', model));
  end if;
  if exists (select from deployed_models d where d.model_id = model and d.is_active and d.role = 'champion') then
    perform ksys_refuse('models.champion_already', jsonb_build_object('model', model));
  end if;
  made := deploy_model(model, 'champion', because, station);
  select f.model_id into former from deployed_models d join deployed_models f on f.deployment_id = d.replaces
  where d.deployment_id = made;
  if former is not null then
    update deployed_models d set is_active = false, deployed_until = now()
    where d.sensor_id = (select m.sensor_id from trained_models m where m.model_id = model) and d.is_active and d.kept_until is not null;
    shadow := deploy_model(former, 'challenger', 'kept to compare it with model ' || model, station);
    update deployed_models d set kept_until = now() + watch where d.deployment_id = shadow;
  end if;
  return made;
end $$;

-- One step back: the champion before comes again, the present one ends. Returns the model that is the champion then.
create function rollback_model(sensor integer, because text, station text default '')
returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  now_in_charge deployed_models;
  former deployed_models;
  made integer;
begin
  if btrim(coalesce(because, '')) = '' then
    perform ksys_refuse('models.reason');
  end if;
  perform from sensors s where s.sensor_id = sensor for no key update;
  select * into now_in_charge from deployed_models d where d.sensor_id = sensor and d.is_active and d.role = 'champion';
  select * into former from deployed_models d where d.deployment_id = now_in_charge.replaces;
  if former.deployment_id is null then
    perform ksys_refuse('models.no_former');
  end if;
  made := deploy_model(former.model_id, 'champion', because, station);
  update deployed_models d set replaces = former.replaces where d.deployment_id = made;
  insert into audit_log (action, object, station, before, reason)
  values ('rollback_model', 'model ' || now_in_charge.model_id || ' to ' || former.model_id, station, to_jsonb(now_in_charge), because);
  return former.model_id;
end $$;

revoke execute on function promote_model, rollback_model from public;
grant execute on function promote_model, rollback_model to ksys_engineer, ksys_service;
grant delete on trained_models to ksys_service; -- of past nights, see the job "housekeeping"
