//! Any objects as a service (`V`), its pods (`P`), its slices (`S`) and its Endpoints (`E`): plans are made or refused,
//! and a plan for nothing, once carried out, leaves nothing to do.
#![no_main]

use kfast_core::Object;
use kfast_endpoints::{plan_endpoints, plan_slices};
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;

fuzz_target!(|data: &[u8]| {
    let objects = kfast_fuzz::objects::tagged(data);
    let of = |tag: u8| -> Vec<Object> {
        let chosen = objects.iter().filter(|(t, _)| *t == tag);
        chosen.map(|(_, object)| object.clone()).collect()
    };
    let (services, pods, slices) = (of(b'V'), of(b'P'), of(b'S'));
    let Some(service) = services.first() else {
        return;
    };
    let zones = HashMap::from([("n1".to_owned(), "z1".to_owned())]);
    let _ = plan_slices(service, &pods, &slices, &zones);
    let _ = plan_endpoints(service, &pods, of(b'E').first());
    if let Ok(plan) = plan_slices(service, &pods, &[], &zones) {
        let named = plan.creates.into_iter().enumerate().map(|(i, mut slice)| {
            slice["metadata"]["name"] = format!("s{i}").into();
            Object::parse(slice.to_string().into_bytes()).expect("a slice is an object")
        });
        let again = plan_slices(service, &pods, &named.collect::<Vec<_>>(), &zones)
            .expect("planned before");
        assert!(again.creates.is_empty() && again.updates.is_empty() && again.deletes.is_empty());
    }
    if let Ok(Some(planned)) = plan_endpoints(service, &pods, None) {
        let stored =
            Object::parse(planned.to_string().into_bytes()).expect("Endpoints are an object");
        assert_eq!(
            plan_endpoints(service, &pods, Some(&stored)).ok(),
            Some(None)
        );
    }
});
