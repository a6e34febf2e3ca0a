//! Decides which hosts may be asked, before any connection is made.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Which addresses a load may connect to. Addresses of cloud metadata services, link-local and multicast ones are
/// refused always: no data set lives there, but credentials do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPolicy {
    /// The user's own machine: loopback and private addresses are allowed.
    Laptop,
    /// A pod that reads addresses others wrote: private addresses are allowed, since data may be served from the same
    /// cluster, loopback is not.
    Cluster,
}

impl AddressPolicy {
    /// Why `address` must not be connected to; `None` if it may.
    pub fn refuses(self, address: IpAddr) -> Option<&'static str> {
        match address {
            IpAddr::V4(address) => self.refuses_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(address) => self.refuses_v4(address),
                None => self.refuses_v6(address),
            },
        }
    }

    fn refuses_v4(self, address: Ipv4Addr) -> Option<&'static str> {
        // Azure's and Alibaba's metadata addresses are not link-local; Oracle's is an IETF protocol assignment.
        const METADATA: [Ipv4Addr; 3] = [
            Ipv4Addr::new(168, 63, 129, 16),
            Ipv4Addr::new(100, 100, 100, 200),
            Ipv4Addr::new(192, 0, 0, 192),
        ];
        if METADATA.contains(&address) {
            Some("a cloud metadata service")
        } else if address.is_link_local() {
            Some("link-local, where cloud metadata services live")
        } else if address.is_multicast() || address.is_broadcast() {
            Some("not the address of one host")
        } else if self == AddressPolicy::Cluster && (address.is_loopback() || address.octets()[0] == 0) {
            Some("the pod itself")
        } else {
            None
        }
    }

    fn refuses_v6(self, address: Ipv6Addr) -> Option<&'static str> {
        // Unique local ranges that Amazon and Google use for their metadata services.
        let starts = |first, second| address.segments()[..2] == [first, second];
        if starts(0xfd00, 0x0ec2) || starts(0xfd20, 0x00ce) {
            Some("a cloud metadata service")
        } else if address.is_unicast_link_local() {
            Some("link-local, where cloud metadata services live")
        } else if address.is_multicast() {
            Some("not the address of one host")
        } else if self == AddressPolicy::Cluster && (address.is_loopback() || address.is_unspecified()) {
            Some("the pod itself")
        } else {
            None
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped (RFC 4291), translated (RFC 6052) or 6to4 (RFC 3056).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let join = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => join(g, h),
        [0, 0, 0, 0, 0, 0] if g != 0 => join(g, h),
        [0x2002, high, low, ..] => join(high, low),
        _ => None,
    }
}

/// Whether the address is one of this machine or of a network that the public does not reach.
pub(crate) fn is_internal(address: IpAddr) -> bool {
    let is_internal_v4 = |address: Ipv4Addr| {
        let [first, second, ..] = address.octets();
        // 100.64.0.0/10 is shared by a provider's or an overlay's customers (RFC 6598).
        first == 0
            || address.is_loopback()
            || address.is_private()
            || address.is_link_local()
            || (first == 100 && second & 0xc0 == 64)
    };
    match address {
        IpAddr::V4(address) => is_internal_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(address) => is_internal_v4(address),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        },
    }
}

/// Whether the address is one we can ask at all; if not, the rule that it breaks.
pub(crate) fn check(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") {
        Err("only http and https can be read over the network; use one of them")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("user names and passwords do not belong into an address; remove them")
    } else if url.host().is_none() {
        Err("it names no host; write one after the scheme")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_and_link_local_addresses_are_refused_everywhere() {
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "224.0.0.1",
            "255.255.255.255",
            "fe80::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            let address = text.parse().unwrap();
            assert!(AddressPolicy::Laptop.refuses(address).is_some(), "{text}");
            assert!(AddressPolicy::Cluster.refuses(address).is_some(), "{text}");
        }
    }

    #[test]
    fn loopback_is_the_users_machine_on_a_laptop_and_the_pod_in_a_cluster() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "::1",
            "::",
            "::ffff:127.0.0.1",
        ] {
            let address = text.parse().unwrap();
            assert_eq!(AddressPolicy::Laptop.refuses(address), None, "{text}");
            assert!(AddressPolicy::Cluster.refuses(address).is_some(), "{text}");
        }
    }

    #[test]
    fn internal_addresses_are_told_from_public_ones() {
        let check = |text: &str, expected| assert_eq!(is_internal(text.parse().unwrap()), expected, "{text}");
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "::",
            "fd12::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            check(text, true);
        }
        for text in [
            "93.184.215.14",
            "172.32.0.1",
            "100.128.0.1",
            "100.63.0.1",
            "2606:2800::1",
            "::ffff:93.184.215.14",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn private_and_public_addresses_are_allowed() {
        for text in [
            "10.0.0.1",
            "192.168.1.1",
            "172.16.0.1",
            "93.184.215.14",
            "fd12::1",
            "2606:2800::1",
        ] {
            let address = text.parse().unwrap();
            assert_eq!(AddressPolicy::Cluster.refuses(address), None, "{text}");
        }
    }
}
