-- Settings of a person's own screen (saved filters, columns): kept in settings_values under "user/LOGIN/NAME".

create function ksys_own_setting_save(p_name text, p_value jsonb, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  own_key text := 'user/' || session_user || '/' || p_name;
  was jsonb;
begin
  if p_name !~ '^[a-z][a-z0-9._]{0,63}$' or p_value is null then
    perform ksys_refuse('settings.name', jsonb_build_object('name', p_name));
  end if;
  if length(p_value::text) > 65536 then
    perform ksys_refuse('settings.too_long');
  end if;
  if length(p_station) > 200 then
    perform ksys_refuse('alarm.text_too_long', jsonb_build_object('length', length(p_station), 'most', 200));
  end if;
  select value into was from settings_values where key = own_key for update;
  if was = p_value then
    return false;
  end if;
  insert into settings_values as s (key, value, changed_by) values (own_key, p_value, session_user)
  on conflict (key) do update set value = excluded.value, changed_by = excluded.changed_by, changed_at = now();
  insert into audit_log (station, action, object, before, after) values (p_station, 'settings.own', own_key, was, p_value);
  return true;
end $$;

revoke execute on function ksys_own_setting_save from public;
grant execute on function ksys_own_setting_save to ksys_viewer;
