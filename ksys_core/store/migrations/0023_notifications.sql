-- Notifications outside the control room: where to (routes), and every message with its fate.

create table notification_routes (
  route_id    integer generated always as identity primary key,
  name        text not null unique check (length(name) between 1 and 100 and name = btrim(name) and name !~ '[[:cntrl:]]'),
  address     text not null check (length(address) between 4 and 2000 and address !~ '[[:cntrl:]]'), -- with its secrets: for the service only
  shown       text not null check (length(shown) <= 200),                                             -- without them
  language    text not null default 'ko' check (language in ('ko', 'en')),
  priorities  smallint[] not null check (cardinality(priorities) > 0 and priorities <@ '{1,2,3,4}'),
  area        text not null default '',                 -- and below; empty: the whole plant
  after_s     double precision check (after_s between 0 and 86400),     -- an alarm still unacknowledged after so long
  after_share double precision check (after_share between 0 and 4),     -- or after this share of its time to respond
  quiet_from  time,                                     -- plant time; over midnight when from is after to
  quiet_to    time,
  quiet_least smallint not null default 1 check (quiet_least between 0 and 4), -- priorities up to this one are sent then, too
  enabled     boolean not null default true,
  changed_by  text not null default session_user,
  since       timestamptz not null default now(),       -- alarms that were due before are passed over
  check (num_nonnulls(after_s, after_share) = 1),
  check ((quiet_from is null) = (quiet_to is null) and quiet_from is distinct from quiet_to or quiet_from is null and quiet_to is null)
);

create table notifications (
  notification_id bigint generated always as identity primary key,
  route_id        integer not null references notification_routes on delete cascade,
  alarm_id        integer references alarm_definitions on delete cascade,  -- null: a test
  occurrence      integer,
  state           text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'failed', 'cancelled')),
  due_at          timestamptz not null default now(),
  next_try_at     timestamptz not null default now(),
  attempts        smallint not null default 0,
  claimed_at      timestamptz,
  finished_at     timestamptz,
  error           text not null default '',
  requested_by    text not null default session_user,
  unique (route_id, alarm_id, occurrence)
);
create index notifications_open on notifications (next_try_at) where state in ('waiting', 'sending');
create index notifications_route on notifications (route_id, notification_id desc);

-- Makes (p_id null) or changes a route; p_address null keeps the address. Gives its number.
create function notification_route_save(
  p_id integer, p_name text, p_address text, p_shown text, p_language text, p_priorities smallint[], p_area text, p_after_s double precision,
  p_after_share double precision, p_quiet_from time, p_quiet_to time, p_quiet_least smallint, p_enabled boolean, p_station text
) returns integer language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was jsonb; saved notification_routes;
begin
  if p_id is null then
    insert into notification_routes (name, address, shown, language, priorities, area, after_s, after_share, quiet_from, quiet_to, quiet_least, enabled)
    values (p_name, p_address, p_shown, p_language, p_priorities, p_area, p_after_s, p_after_share, p_quiet_from, p_quiet_to, p_quiet_least, p_enabled)
    returning * into saved;
  else
    select to_jsonb(r) - 'address' into was from notification_routes r where route_id = p_id for update;
    update notification_routes set
      name = p_name, address = coalesce(p_address, address), shown = case when p_address is null then shown else p_shown end, language = p_language,
      priorities = p_priorities, area = p_area, after_s = p_after_s, after_share = p_after_share, quiet_from = p_quiet_from, quiet_to = p_quiet_to,
      quiet_least = p_quiet_least, enabled = p_enabled, changed_by = session_user, since = now()
    where route_id = p_id returning * into saved;
    if saved.route_id is null then
      raise exception 'there is no route %', p_id using errcode = 'no_data_found';
    end if;
  end if;
  insert into audit_log (action, object, station, before, after)
  values ('notification_route_save', 'route ' || saved.route_id, p_station, was, to_jsonb(saved) - 'address');
  perform ksys_notify('notifications', array[saved.route_id]);
  return saved.route_id;
end $$;

create function notification_route_delete(p_id integer, p_station text) returns void
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was jsonb;
begin
  delete from notification_routes r where route_id = p_id returning to_jsonb(r) - 'address' into was;
  if was is not null then
    insert into audit_log (action, object, station, before) values ('notification_route_delete', 'route ' || p_id, p_station, was);
    perform ksys_notify('notifications', array[p_id]);
  end if;
end $$;

-- Asks the service for a test message over a route; gives its number.
create function notification_test(p_route integer) returns bigint
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  made bigint;
begin
  insert into notifications (route_id) values (p_route) returning notification_id into made;
  perform ksys_notify('notifications', array[p_route]);
  return made;
end $$;

grant select (route_id, name, shown, language, priorities, area, after_s, after_share, quiet_from, quiet_to, quiet_least, enabled, changed_by, since)
  on notification_routes to ksys_viewer;
grant select on notifications to ksys_viewer;
grant select on notification_routes to ksys_service;
grant insert, update, delete on notifications to ksys_service;
revoke execute on function notification_route_save, notification_route_delete, notification_test from public;
grant execute on function notification_route_save, notification_route_delete, notification_test to ksys_engineer;
