-- What a job has fitted to all its tags together, kept until the job ends so that a crash costs one step at most.

create table training_pools (
  job_id      bigint not null references training_jobs on delete cascade,
  algorithm   text not null,
  data_sha256 text not null,   -- of the data of all tags
  fitted      text not null,   -- JSON: the model as it was before the tests, and as it is now
  primary key (job_id, algorithm)
);
grant select, insert, delete on training_pools to ksys_service;
