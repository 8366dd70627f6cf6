-- The horn: one operator position owns it. A station that can be heard claims it every few seconds; when it no longer
-- does (switched off, its audio device lost), another one takes over.

create table alarm_horn (
  only_row boolean primary key default true check (only_row),
  station  text not null check (length(station) between 1 and 200),
  login    text not null default session_user,
  taken_at timestamptz not null default now(),
  seen_at  timestamptz not null default now()
);

-- Claims the horn for a station, or keeps it; by `p_take` also from one that is alive. Returns who has it then.
create function alarm_horn_claim(p_station text, p_take boolean default false)
returns table (station text, login text, taken_at timestamptz)
language plpgsql security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
declare
  held alarm_horn;
begin
  perform pg_advisory_xact_lock(hashtext('alarm_horn'));
  select * into held from alarm_horn;
  if held.station is null then
    insert into alarm_horn (station) values (p_station);
  elsif held.station = p_station then
    update alarm_horn set seen_at = now(), login = session_user;
  elsif p_take or held.seen_at < now() - interval '15 seconds' then
    update alarm_horn set station = p_station, login = session_user, taken_at = now(), seen_at = now();
  end if;
  if held.station is distinct from p_station and exists (select from alarm_horn h where h.station = p_station) then
    insert into audit_log (action, object, station, before, after)
    values ('alarm_horn_claim', 'horn', p_station, to_jsonb(held), (select to_jsonb(h) from alarm_horn h));
  end if;
  return query select h.station, h.login, h.taken_at from alarm_horn h;
end $$;

-- Gives the horn back at the end of a station's program, so that another one has it at once.
create function alarm_horn_release(p_station text) returns void
language sql security definer set search_path = pg_catalog, public as $$
  delete from alarm_horn where station = p_station and login = session_user
$$;

grant select on alarm_horn to ksys_viewer;
revoke execute on function alarm_horn_claim, alarm_horn_release from public;
grant execute on function alarm_horn_claim, alarm_horn_release to ksys_operator;
