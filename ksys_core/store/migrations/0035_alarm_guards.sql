-- When the alarms were last evaluated: the alarm job says so after each pass. Screens compare it with the clock of the
-- database, for without evaluation no alarm comes, and an empty list would look like a quiet plant.

create table alarm_evaluation (
  only_row     boolean primary key default true check (only_row),
  evaluated_at timestamptz not null,
  next_at      timestamptz not null
);

grant select on alarm_evaluation to ksys_viewer;
grant insert, update on alarm_evaluation to ksys_service;

-- T20: never without a work permit and a review that lies ahead; the reason is demanded by `alarm_operate`.
create or replace function alarm_remove_from_service(p_ids integer[], p_station text, p_reason text, p_permit text, p_review timestamptz)
returns table (alarm_id integer, result text, by_whom text, at timestamptz)
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  if btrim(coalesce(p_permit, '')) = '' then
    perform ksys_refuse('alarm.permit_missing');
  end if;
  if p_review is null or p_review <= clock_timestamp() then
    perform ksys_refuse('alarm.review');
  end if;
  return query select * from alarm_operate('OOS', p_ids, p_station, p_reason, p_permit => left(p_permit, 200), p_review => p_review);
end $$;
