-- An index for each filter of the alarm journal, in the order in which it is read: each value's newest entries are found
-- at once, however rare they are among millions.

create index alarm_events_tag on alarm_events (tag, source_ts desc, event_id desc);
create index alarm_events_area on alarm_events (area, source_ts desc, event_id desc);
create index alarm_events_actor on alarm_events (actor, source_ts desc, event_id desc);
create index alarm_events_kind on alarm_events (kind, source_ts desc, event_id desc);
create index alarm_events_alarm_kind on alarm_events (alarm_kind, source_ts desc, event_id desc);
create index alarm_events_priority on alarm_events (priority, source_ts desc, event_id desc);
-- Entries with words of a person: few among those of the process.
create index alarm_events_written on alarm_events (source_ts desc, event_id desc) where reason <> '' or station <> '';

-- Seals make tampering evident: each holds the hash of its entries and of the seal before it. They are made some time
-- after the entries, by a job, so that writing the journal waits for nothing.
create table alarm_seals (
  seal_id     integer generated always as identity primary key,
  after_event bigint not null,
  last_event  bigint not null check (last_event > after_event),
  entries     integer not null,
  hash        bytea not null,
  sealed_at   timestamptz not null default clock_timestamp()
);
create trigger alarm_seals_fixed before update or delete or truncate on alarm_seals
  for each statement execute function alarm_events_fixed();

create function alarm_events_hash(p_before bytea, p_after bigint, p_last bigint) returns bytea
language sql stable set search_path = pg_catalog, public set timezone = 'UTC' set datestyle = 'ISO' as $$
  select sha256(p_before || convert_to(coalesce(string_agg(jsonb_build_array(
           event_id, alarm_id, sensor_id, tag, area, alarm_kind, kind, source_ts, detected_ts, recorded_at, actor, station, reason,
           value, limit_value, priority, occurrence, isa_from, isa_to, regions)::text, E'\n' order by event_id), ''), 'UTF8'))
    from alarm_events where event_id > p_after and event_id <= p_last
$$;

-- Seals the next entries that are older than `p_quiet`, at most 20,000; how many. Younger ones wait, for an entry with a
-- smaller number may still come from a transaction that is not committed.
create function alarm_seal(p_quiet interval default '15 minutes') returns integer
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  before alarm_seals;
  least constant bigint := '-9223372036854775808';
  last bigint;
  n integer;
begin
  perform pg_advisory_xact_lock(hashtext('alarm_seal'));
  select * into before from alarm_seals order by seal_id desc limit 1;
  with next as (
    select event_id, recorded_at < clock_timestamp() - p_quiet as old from alarm_events
     where event_id > coalesce(before.last_event, least) order by event_id limit 20000
  ), border as (select coalesce(min(event_id) filter (where not old), max(event_id) + 1) as too_new from next)
  select max(event_id), count(*) into last, n from next, border where event_id < too_new;
  if n > 0 then
    insert into alarm_seals (after_event, last_event, entries, hash)
    values (coalesce(before.last_event, least), last, n,
            alarm_events_hash(coalesce(before.hash, ''), coalesce(before.last_event, least), last));
  end if;
  return n;
end $$;

grant select on alarm_seals to ksys_viewer;
revoke execute on function alarm_events_hash, alarm_seal from public;
grant execute on function alarm_events_hash to ksys_viewer;
grant execute on function alarm_seal to ksys_service;
