-- A model that was fitted to several tags is one text that all of them share: it is kept once.

create table shared_artefacts (
  sha256     text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  artefact   text not null,
  created_at timestamptz not null default now(),
  created_by text not null default session_user
);

alter table trained_models
  alter column artefact drop not null,
  add column shared_sha256 text references shared_artefacts,
  add check (num_nonnulls(artefact, shared_sha256) = 1),
  add check (shared_sha256 = artefact_sha256);
create index trained_models_shared on trained_models (shared_sha256) where shared_sha256 is not null;

-- A text that is kept for all is not kept again with each model.
create function trained_models_share() returns trigger language plpgsql set search_path = pg_catalog, public as $$
begin
  new.shared_sha256 := (select a.sha256 from shared_artefacts a where a.sha256 = new.artefact_sha256);
  if new.shared_sha256 is not null then
    new.artefact := null;
  end if;
  return new;
end $$;
create trigger trained_models_share before insert on trained_models
for each row execute function trained_models_share();

-- A shared text goes with the last model that uses it.
create function shared_artefacts_unused() returns trigger
language plpgsql security definer set search_path = pg_catalog, public as $$
begin
  delete from shared_artefacts a
  where a.sha256 in (select g.shared_sha256 from gone g)
    and not exists (select from trained_models m where m.shared_sha256 = a.sha256);
  return null;
end $$;
create trigger shared_artefacts_unused after delete on trained_models
referencing old table as gone for each statement execute function shared_artefacts_unused();

grant select on shared_artefacts to ksys_viewer;
grant insert (sha256, artefact) on shared_artefacts to ksys_engineer, ksys_service;
