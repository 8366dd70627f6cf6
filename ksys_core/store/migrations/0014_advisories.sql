-- Events that engineers label, to judge alarms and advisories by; advisories: forecasts that cross a limit.
-- An advisory is no alarm: nothing sounds, nothing is acknowledged. What it came to is scored afterwards.

create table labelled_events (
  event_id   integer generated always as identity primary key,
  sensor_id  integer references sensors on delete cascade,    -- null: the whole area
  area       text not null default '',
  ts_from    timestamptz not null,
  ts_to      timestamptz not null,
  text       text not null check (length(text) between 1 and 1000),
  created_by text not null default session_user,
  created_at timestamptz not null default now(),
  check (ts_to > ts_from)
);
create unique index labelled_events_once on labelled_events (coalesce(sensor_id, 0), area, ts_from, ts_to);
create index labelled_events_from on labelled_events (ts_from);

create table advisories (
  advisory_id   bigint generated always as identity primary key,
  sensor_id     integer not null references sensors on delete cascade,
  limit_kind    text not null check (limit_kind in ('HH', 'H', 'L', 'LL')),
  limit_value   double precision not null,
  model_id      integer not null,
  source        text not null check (source in ('model', 'fallback')),
  issue_ts      timestamptz not null,                          -- of the forecast it tells of now
  probability   double precision not null check (probability between 0 and 1),
  eta           timestamptz not null,                          -- the crossing, and its 80 % range; null: beyond the horizon
  eta_lo        timestamptz not null,
  eta_hi        timestamptz,
  horizon_end   timestamptz not null,
  opened_at     timestamptz not null,
  updated_at    timestamptz not null,
  first_issue   timestamptz not null,                          -- as it was opened: what its score is made of
  first_eta     timestamptz not null,
  first_eta_lo  timestamptz not null,
  first_eta_hi  timestamptz,
  first_end     timestamptz not null,                          -- end of the horizon it was opened with
  peak          double precision not null check (peak between 0 and 1),
  closed_at     timestamptz,
  close_reason  text not null default ''
                check (close_reason in ('', 'crossed', 'receded', 'stale', 'no_model', 'limit')),
  outcome       text not null default 'pending' check (outcome in ('pending', 'true', 'early', 'false', 'unknown')),
  crossed_at    timestamptz,
  seen_by       text,
  seen_at       timestamptz,
  check ((closed_at is null) = (close_reason = '')),
  check (eta_lo <= eta and eta <= coalesce(eta_hi, eta))
);
create unique index advisories_open on advisories (sensor_id, limit_kind) where closed_at is null;
create index advisories_pending on advisories (first_end) where outcome = 'pending';
create index advisories_limit on advisories (sensor_id, limit_kind, advisory_id desc);
create index advisories_opened on advisories (opened_at desc);

-- Marks advisories as seen; those that were seen before stay as they are. Gives the number marked.
create function advisory_seen(ids bigint[]) returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  marked integer[];
begin
  with done as (
    update advisories set seen_by = session_user, seen_at = clock_timestamp()
     where advisory_id = any(ids) and seen_by is null returning sensor_id)
  select array_agg(distinct sensor_id) into marked from done;
  if marked is not null then
    perform ksys_notify('advisories', marked);
  end if;
  return coalesce(cardinality(marked), 0);
end $$;

-- Labels events; what is labelled already is left as it is. From a JSON array of objects; gives the number that is new.
create function label_events(events jsonb, station text default '') returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  made integer;
begin
  with new as (
    insert into labelled_events (sensor_id, area, ts_from, ts_to, text)
    select * from jsonb_to_recordset(events) as e(sensor_id integer, area text, ts_from timestamptz, ts_to timestamptz, text text)
    on conflict do nothing returning *
  ), noted as (
    insert into audit_log (station, action, object, after)
    select station, 'event.label', 'event ' || event_id, to_jsonb(new) from new
  )
  select count(*) into made from new;
  if made > 0 then
    perform ksys_notify('labels');
  end if;
  return made;
end $$;

-- Takes a label away; false when it is gone already.
create function unlabel_event(event integer, station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  gone jsonb;
begin
  delete from labelled_events e where e.event_id = event returning to_jsonb(e) into gone;
  if gone is null then
    return false;
  end if;
  insert into audit_log (station, action, object, before) values (station, 'event.unlabel', 'event ' || event, gone);
  perform ksys_notify('labels');
  return true;
end $$;

revoke execute on function advisory_seen, label_events, unlabel_event from public;
grant execute on function advisory_seen to ksys_operator;
grant execute on function label_events, unlabel_event to ksys_engineer, ksys_service;
grant select on advisories, labelled_events to ksys_viewer;
grant insert, update, delete on advisories to ksys_service;
