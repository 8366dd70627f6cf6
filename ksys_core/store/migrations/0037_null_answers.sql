-- Of tags whose alarms are all out of use nothing is evaluated: how far they once were read counts no longer.
grant delete on alarm_positions to ksys_service;

-- A NULL is no answer to "which one was on the screen?": it acknowledges nothing newer, approves and replaces no version of a rule,
-- and does not lift the quota of shelves. Only these words of the functions change.
do $$
declare
  change record;
  before text;
begin
  for change in
    select * from (values
      ('alarm_acknowledge', 'when k.occurrence < a.occurrence and', 'when coalesce(k.occurrence, 0) < a.occurrence and'),
      ('alarm_shelve', 'a.alarm_id <> all(p_ids)', 'a.alarm_id <> all(array_remove(p_ids, null))'),
      ('alarm_rule_save', 'was.version <> p_version', 'was.version is distinct from p_version'),
      ('alarm_rule_approve', 'was.version <> p_version', 'was.version is distinct from p_version')) c(name, was, becomes)
  loop
    before := pg_get_functiondef(change.name::regproc);
    if strpos(before, change.was) = 0 then
      raise exception 'function % is not as this migration knows it', change.name;
    end if;
    execute replace(before, change.was, change.becomes);
  end loop;
end $$;
