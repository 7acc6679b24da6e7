// SPDX-License-Identifier: MIT
// Decisions a CPU second by Cedar. usage: peer-cedar FOLDER ANSWERS    FOLDER as tests/bench/decisions.py writes it.
// Its requests and entities are built beforehand, which ours are not.
use cedar_policy::{Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request};
use serde_json::{json, Value};
use std::{collections::HashSet, env, fs, str::FromStr};

fn cpu_seconds() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_str(&format!("{kind}::{}", json!(id))).unwrap()
}

fn request(r: &Value) -> Request {
    let mut context = r["context"].clone();
    context["arn"] = r["resource"].clone();
    Request::new(
        uid("Role", "DataScientist"),
        uid("Action", r["action"].as_str().unwrap()),
        uid("Resource", "any"),
        Context::from_json_value(context, None).unwrap(),
        None,
    )
    .unwrap()
}

fn main() {
    let args: Vec<String> = env::args().collect();
    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(format!("{}/{name}", args[1])).unwrap()).unwrap()
    };
    let world = read("cedar.json");
    let policies = PolicySet::from_str(world["policies"].as_str().unwrap()).unwrap();
    let actions = world["actions"].as_object().unwrap().iter().map(|(name, groups)| {
        let parents: HashSet<EntityUid> =
            groups.as_array().unwrap().iter().map(|g| uid("Action", g.as_str().unwrap())).collect();
        Entity::new_no_attrs(uid("Action", name), parents)
    });
    let entities = Entities::from_entities(actions, None).unwrap();
    let requests: Vec<Request> = read("requests.json").as_array().unwrap().iter().map(request).collect();
    let authorizer = Authorizer::new();
    let decide = |r: &Request| authorizer.is_authorized(r, &policies, &entities).decision() == Decision::Allow;
    let answers: String = requests.iter().map(|r| if decide(r) { 'A' } else { 'D' }).collect();
    fs::write(&args[2], answers).unwrap();
    let (start, mut done) = (cpu_seconds(), 0);
    let mut end = start;
    while end - start < 1.5 {
        for r in &requests {
            std::hint::black_box(decide(r));
        }
        done += requests.len();
        end = cpu_seconds();
    }
    println!("{}", json!({"per_second": (done as f64 / (end - start)).round()}));
}
