-- A new limit (or setting), dead band and delays of one alarm at once, with the reason and the change request.
-- Null leaves a value as it is. False when everything is in force already.

create function alarm_retune(
  alarm integer, new_limit double precision, new_dead_band double precision, new_on_delay double precision, new_off_delay double precision,
  reason text, moc text default null, station text default ''
) returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was alarm_definitions;
  becomes alarm_definitions;
  limited boolean;
  moved boolean := false;
begin
  if btrim(coalesce(reason, '')) = '' then
    perform ksys_refuse('alarm.reason');
  end if;
  perform alarm_change_notes(station, reason, coalesce(moc, ''));
  select d.* into was from alarm_definitions d where d.alarm_id = alarm for update;
  if not found then
    perform ksys_refuse('alarm.gone', jsonb_build_object('id', alarm));
  end if;
  limited := was.kind in ('HH', 'H', 'L', 'LL');
  if limited and new_limit is not null then
    moved := ksys_set_limits(was.sensor_id, array[was.kind], array[new_limit], reason, moc, station);
  end if;
  becomes := was;
  becomes.setting := case when limited then was.setting else coalesce(new_limit, was.setting) end;
  becomes.dead_band := coalesce(new_dead_band, was.dead_band);
  becomes.dead_band_unit := case when new_dead_band is null then was.dead_band_unit else 'value' end;
  becomes.on_delay_s := coalesce(new_on_delay, was.on_delay_s);
  becomes.off_delay_s := coalesce(new_off_delay, was.off_delay_s);
  if becomes = was then
    return moved;
  end if;
  update alarm_definitions d
     set setting = becomes.setting, dead_band = becomes.dead_band, dead_band_unit = becomes.dead_band_unit,
         on_delay_s = becomes.on_delay_s, off_delay_s = becomes.off_delay_s, moc_id = coalesce(nullif(btrim(moc), ''), d.moc_id),
         changed_by = session_user, updated_at = now()
   where d.alarm_id = alarm;
  return true;
end $$;

revoke execute on function alarm_retune from public;
grant execute on function alarm_retune to ksys_engineer;
