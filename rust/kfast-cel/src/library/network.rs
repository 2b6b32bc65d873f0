//! IP addresses and ranges of them.

use super::addresses;
use crate::functions::{Failure, Function, Outcome};
use crate::value::{OpaqueValue, Value};
use std::fmt;
use std::net::IpAddr;

pub(crate) const FUNCTIONS: &[Function] = &[
    ("isIP", &["is_ip: (string) -> bool"], |args| {
        Ok(Value::Bool(parse_ip(text(args, 0)?).is_ok()))
    }),
    (
        "ip",
        &[
            "string_to_ip: (string) -> net.IP",
            "cidr_ip: net.CIDR.() -> net.IP",
        ],
        to_ip,
    ),
    (
        "ip.isCanonical",
        &["ip_is_canonical: (string) -> bool"],
        is_canonical,
    ),
    ("family", &["ip_family: net.IP.() -> int"], |args| {
        Ok(Value::Int(if ip(args)?.is_ipv4() { 4 } else { 6 }))
    }),
    (
        "isUnspecified",
        &["ip_is_unspecified: net.IP.() -> bool"],
        |args| Ok(Value::Bool(ip(args)?.is_unspecified())),
    ),
    (
        "isLoopback",
        &["ip_is_loopback: net.IP.() -> bool"],
        |args| Ok(Value::Bool(ip(args)?.is_loopback())),
    ),
    (
        "isLinkLocalMulticast",
        &["ip_is_link_local_multicast: net.IP.() -> bool"],
        |args| {
            Ok(Value::Bool(match ip(args)? {
                IpAddr::V4(ip) => ip.octets()[..3] == [224, 0, 0],
                IpAddr::V6(ip) => ip.segments()[0] & 0xff0f == 0xff02,
            }))
        },
    ),
    (
        "isLinkLocalUnicast",
        &["ip_is_link_local_unicast: net.IP.() -> bool"],
        |args| Ok(Value::Bool(is_link_local(ip(args)?))),
    ),
    (
        "isGlobalUnicast",
        &["ip_is_global_unicast: net.IP.() -> bool"],
        |args| {
            let ip = ip(args)?;
            let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
            let special =
                ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || is_link_local(ip);
            Ok(Value::Bool(!broadcast && !special))
        },
    ),
    ("isCIDR", &["is_cidr: (string) -> bool"], |args| {
        Ok(Value::Bool(Cidr::parse(text(args, 0)?).is_ok()))
    }),
    ("cidr", &["string_to_cidr: (string) -> net.CIDR"], |args| {
        Ok(Value::Opaque(OpaqueValue::Cidr(to_cidr(text(args, 0)?)?)))
    }),
    (
        "prefixLength",
        &["cidr_prefix_length: net.CIDR.() -> int"],
        |args| Ok(Value::Int(cidr(args, 0)?.bits.into())),
    ),
    (
        "masked",
        &["cidr_masked: net.CIDR.() -> net.CIDR"],
        |args| Ok(Value::Opaque(OpaqueValue::Cidr(cidr(args, 0)?.masked()))),
    ),
    (
        "containsIP",
        &[
            "cidr_contains_ip_string: net.CIDR.(string) -> bool",
            "cidr_contains_ip_ip: net.CIDR.(net.IP) -> bool",
        ],
        contains_ip,
    ),
    (
        "containsCIDR",
        &[
            "cidr_contains_cidr_string: net.CIDR.(string) -> bool",
            "cidr_contains_cidr: net.CIDR.(net.CIDR) -> bool",
        ],
        contains_cidr,
    ),
];

/// A range of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    bits: u8,
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Cidr {
    /// Bytes of the prefix.
    pub(crate) fn size(self) -> u64 {
        u64::from(self.bits).div_ceil(8)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let refused = |why: &str| {
            let quoted = kfast_core::quote(text);
            format!(
                "network address parse error during conversion from string: netip.ParsePrefix({quoted}): {why}"
            )
        };
        let (address, bits) = text.rsplit_once('/').ok_or_else(|| refused("no '/'"))?;
        if zoned(address) {
            return Err(refused("IPv6 zones cannot be present in a prefix"));
        }
        let address: IpAddr = address
            .parse()
            .map_err(|_| refused(&addresses::refusal(address)))?;
        if let IpAddr::V6(v6) = address
            && v6.to_ipv4_mapped().is_some()
        {
            return Err(format!(
                "IPv4-mapped IPv6 address {} is not allowed",
                kfast_core::quote(text)
            ));
        }
        let canonical =
            bits.bytes().all(|b| b.is_ascii_digit()) && (bits.len() == 1 || !bits.starts_with('0'));
        let widest = if address.is_ipv4() { 32 } else { 128 };
        if !canonical || bits.is_empty() {
            return Err(refused(&format!(
                "bad bits after slash: {}",
                kfast_core::quote(bits)
            )));
        }
        match bits.parse() {
            Ok(bits) if bits <= widest => Ok(Self { address, bits }),
            _ => Err(refused("prefix length out of range")),
        }
    }

    fn masked(self) -> Self {
        let address = match self.address {
            IpAddr::V4(ip) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0);
                IpAddr::V4((u32::from(ip) & mask).into())
            }
            IpAddr::V6(ip) => {
                let mask = u128::MAX
                    .checked_shl(128 - u32::from(self.bits))
                    .unwrap_or(0);
                IpAddr::V6((u128::from(ip) & mask).into())
            }
        };
        Self {
            address,
            bits: self.bits,
        }
    }

    fn contains(self, ip: IpAddr) -> bool {
        let other = Self {
            address: ip,
            bits: self.bits,
        };
        self.address.is_ipv4() == ip.is_ipv4() && self.masked() == other.masked()
    }
}

/// The bytes of an address.
pub(crate) fn octets(ip: &IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn text<'v>(args: &'v [Value<'_>], at: usize) -> Result<&'v str, Failure> {
    args[at].as_str().ok_or(Failure::NoOverload)
}

fn ip(args: &[Value<'_>]) -> Result<IpAddr, Failure> {
    match &args[0] {
        Value::Opaque(OpaqueValue::Ip(ip)) => Ok(*ip),
        _ => Err(Failure::NoOverload),
    }
}

fn cidr(args: &[Value<'_>], at: usize) -> Result<Cidr, Failure> {
    match &args[at] {
        Value::Opaque(OpaqueValue::Cidr(cidr)) => Ok(*cidr),
        _ => Err(Failure::NoOverload),
    }
}

/// Whether it is an IPv6 address with a zone.
fn zoned(text: &str) -> bool {
    text.split_once('%').is_some_and(|(address, zone)| {
        !zone.is_empty() && address.parse::<std::net::Ipv6Addr>().is_ok()
    })
}

fn parse_ip(text: &str) -> Result<IpAddr, String> {
    let quoted = kfast_core::quote(text);
    if zoned(text) {
        return Err(format!(
            "IP address {quoted} with zone value is not allowed"
        ));
    }
    let ip: IpAddr = text.parse().map_err(|_| {
        format!(
            "IP Address {quoted} parse error during conversion from string: {}",
            addresses::refusal(text)
        )
    })?;
    match ip {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {quoted} is not allowed"))
        }
        ip => Ok(ip),
    }
}

fn to_ip<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let ip = match &args[0] {
        Value::Opaque(OpaqueValue::Cidr(cidr)) => cidr.address,
        _ => parse_ip(text(args, 0)?)?,
    };
    Ok(Value::Opaque(OpaqueValue::Ip(ip)))
}

fn is_canonical<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let text = text(args, 0)?;
    Ok(Value::Bool(parse_ip(text)?.to_string() == text))
}

fn to_cidr(text: &str) -> Result<Cidr, Failure> {
    Cidr::parse(text).map_err(|e| {
        format!("network address parse error during conversion from string: {e}").into()
    })
}

fn contains_ip<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let range = cidr(args, 0)?;
    let ip = match &args[1] {
        Value::Opaque(OpaqueValue::Ip(ip)) => *ip,
        _ => parse_ip(text(args, 1)?).map_err(|_| Failure::NoOverload)?,
    };
    Ok(Value::Bool(range.contains(ip)))
}

fn contains_cidr<'a>(args: &mut [Value<'a>]) -> Outcome<'a> {
    let range = cidr(args, 0)?;
    let other = match &args[1] {
        Value::Opaque(OpaqueValue::Cidr(cidr)) => *cidr,
        _ => to_cidr(text(args, 1)?)?,
    };
    Ok(Value::Bool(
        range.bits <= other.bits && range.contains(other.address),
    ))
}
