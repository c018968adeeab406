@0xc4be0f1a83d5e627;
# The job queue: work that outlives the request that asked for it (engine/jobs).

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tenantry::schema");
using A = import "annotations.capnp";

enum JobState {
  queued @0;   # Waits for its time, or for its lease to end while somebody works on it.
  dead @1;     # Failed too often; waits for an operator.
}

# A job, in the space of its tenant.
struct Job $A.record((collection = "jobs", number = 71, key = ["id"])) {
  id @0 :Text;
  kind @1 :Text;                        # Names the handler, such as "webhook.deliver".
  payload @2 :Text $A.internal;         # What the handler needs, in its own words.
  state @3 :JobState;
  runAt @4 :Int64 $A.timestamp;         # When it is due; while claimed, when the lease ends.
  attempts @5 :Int32;                   # Runs begun so far.
  attemptsMax @6 :Int32;
  createdAt @7 :Int64 $A.timestamp;
  lastError @8 :Text;
}

# The place of a job in the queue of all tenants, in the directory: what is due next is read from here. Its key repeats the
# job, and every change of the job moves it in the same entry.
struct QueuedJob $A.record((collection = "queuedJobs", number = 6,
    key = ["state", "runAt", "space", "id"])) {
  state @0 :JobState;
  runAt @1 :Int64 $A.timestamp;
  space @2 :Int64;
  id @3 :Text;
  kind @4 :Text;
}
