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

-- Classes of alarms (setting alarms.note_classes) that are acknowledged with a note only; none unless a site has chosen some.
create function alarm_note_classes() returns text[] language sql stable set search_path = pg_catalog, public as $$
  select array(select jsonb_array_elements_text(value) from settings_values
                where key = 'alarms.note_classes' and jsonb_typeof(value) = 'array' order by 1)
$$;

-- As before, with one more result: note (its class needs a note, and none was given).
create or replace function alarm_acknowledge(p_ids integer[], p_occurrences integer[], p_station text, p_comment text default '')
returns table (alarm_id integer, result text, by_whom text, at timestamptz)
language plpgsql security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
declare
  done integer[]; before text[]; verdicts text[];
  noted text[] := alarm_note_classes();
begin
  if cardinality(p_ids) <> cardinality(p_occurrences) then
    raise exception 'as many occurrences as alarms are needed' using errcode = 'array_subscript_error';
  end if;
  perform alarm_begin(p_ids, p_station, p_comment, false);
  select array_agg(v.verdict order by v.place),
         array_agg(v.alarm_id order by v.place) filter (where v.verdict = 'acked'),
         array_agg(v.isa_state order by v.place) filter (where v.verdict = 'acked')
    into verdicts, done, before
    from (select k.place, k.alarm_id, a.isa_state, case
                   when a.alarm_id is null then 'unknown'
                   when k.repeated > 1 then 'already'
                   when a.isa_state in ('OOSRV', 'DSUPR', 'SHLVD') then 'hidden'
                   when k.occurrence < a.occurrence and a.acked_occurrence < a.occurrence then 'newer'
                   when a.acked_occurrence >= a.occurrence and a.acked_at is not null then 'already'
                   when a.acked_occurrence >= a.occurrence then 'normal'
                   when d.class = 'hma' and cardinality(p_ids) > 1 then 'single'
                   when d.class = any(noted) and btrim(coalesce(p_comment, '')) = '' then 'note'
                   else 'acked' end as verdict
            from (select u.*, row_number() over (partition by u.alarm_id order by u.place) as repeated
                    from unnest(p_ids, p_occurrences) with ordinality as u(alarm_id, occurrence, place)) k
            left join alarms a using (alarm_id) left join alarm_definitions d using (alarm_id)) v;
  if done is not null then
    update alarms a set acked_occurrence = a.occurrence, acked_by = session_user, acked_at = clock_timestamp(),
                        comment = case when p_comment <> '' then p_comment else a.comment end
     where a.alarm_id = any(done);
    perform alarm_log('ACK', done, before, p_station, p_comment);
    perform ksys_notify('alarms', done);
  end if;
  return query
    select u.alarm_id, u.verdict, a.acked_by, a.acked_at
      from unnest(p_ids, verdicts) with ordinality as u(alarm_id, verdict, place) left join alarms a using (alarm_id) order by u.place;
end $$;

-- Choose the classes whose acknowledgement needs a note; false when they are chosen already.
create function alarm_set_note_classes(p_classes text[], p_reason text, p_station text default '') returns boolean
language plpgsql security definer set search_path = pg_catalog, public as $$
declare
  was text[] := alarm_note_classes();
  made text[] := array(select distinct c from unnest(p_classes) c order by c);
begin
  perform alarm_modes_texts(p_reason, p_station);
  if not made <@ array['process', 'safety', 'environmental', 'quality', 'asset', 'hma'] then
    perform ksys_refuse('alarm.class');
  end if;
  if was = made then
    return false;
  end if;
  insert into settings_values (key, value, changed_by) values ('alarms.note_classes', to_jsonb(made), session_user)
  on conflict (key) do update set value = excluded.value, changed_by = session_user, changed_at = clock_timestamp();
  insert into audit_log (station, action, object, before, after, reason)
  values (p_station, 'alarm.note_classes', 'alarms.note_classes', to_jsonb(was), to_jsonb(made), p_reason);
  return true;
end $$;

revoke execute on function alarm_note_classes, alarm_set_note_classes from public;
grant execute on function alarm_note_classes to ksys_viewer;
grant execute on function alarm_set_note_classes to ksys_admin;
