//! A namespace of which every plugin knows something.

use kfast_pod::admission::{Account, Admission, LimitRange, Policy, Standard};
use kfast_pod::pod_security::Level;

/// What the plugins know.
pub fn admission() -> Admission {
    let limits = br#"{"limits":[
        {"type":"Container","default":{"cpu":"1"},"defaultRequest":{"memory":"1Mi"},"min":{"cpu":"1m"},"max":{"memory":"1Gi"}},
        {"type":"Pod","maxLimitRequestRatio":{"cpu":"2"},"max":{"cpu":"1"}}]}"#;
    let account = br#"{"metadata":{"name":"default","annotations":{"kubernetes.io/enforce-mountable-secrets":"true"}},
        "imagePullSecrets":[{"name":"s"}]}"#;
    let account = Account::parse(account).expect("an account");
    let standard = |level, minor| Standard {
        level: Some(level),
        minor,
        text: String::new(),
    };
    Admission {
        limits: vec![LimitRange::parse(limits).expect("limits")],
        accounts: Some([(account.name().to_owned(), account)].into()),
        policy: Policy {
            enforce: standard(Level::Restricted, u32::MAX),
            audit: standard(Level::Baseline, 0),
            warn: standard(Level::Restricted, 24),
        },
        priority: true,
        toleration_seconds: Some(300),
        quotas: true,
    }
}
