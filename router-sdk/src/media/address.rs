//! Where media may be fetched from: an address and the settings in, a checked URL or the reason why not out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::config::MediaConfig;

/// Reads an address and checks all that can be told without asking for its host.
pub(super) fn url(text: &str, settings: &MediaConfig) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "is not a valid address".to_owned())?;
    check(url, settings)
}

/// The address that a redirect leads to, checked like the first.
pub(super) fn redirect(from: &Url, location: Option<&HeaderValue>, settings: &MediaConfig) -> Result<Url, String> {
    let to = location.and_then(|l| l.to_str().ok()).and_then(|l| from.join(l).ok());
    check(to.ok_or("leads to an address that cannot be read")?, settings)
        .map_err(|why| format!("leads to an address that {why}"))
}

fn check(url: Url, settings: &MediaConfig) -> Result<Url, String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err("must be an http or https address".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or a password, which is not sent; give an address without".into());
    }
    let Some(host) = url.host_str().filter(|h| !h.is_empty()) else { return Err("names no host".into()) };
    let port = url.port_or_known_default().unwrap_or(0);
    let listed = settings.allow_hosts.iter().any(|pattern| matches(pattern, host, port));
    if !settings.allow_hosts.is_empty() && !listed {
        return Err(format!("is on {host}, which media.allow_hosts does not list"));
    }
    if !matches!(port, 80 | 443) && !listed && !settings.allow_private {
        return Err(format!(
            "uses port {port}; only 80 and 443 are fetched from, others where media.allow_hosts lists them"
        ));
    }
    Ok(url)
}

/// `host`, `*.domain` or either with `:port`; without a port only the usual ones are meant.
fn matches(pattern: &str, host: &str, port: u16) -> bool {
    let (name, wanted) = match pattern.rsplit_once(':') {
        Some((name, number)) if !name.is_empty() && !name.ends_with(':') => match number.parse::<u16>() {
            Ok(number) => (name, Some(number)),
            Err(_) => (pattern, None),
        },
        _ => (pattern, None),
    };
    let port_fits = wanted.map_or(matches!(port, 80 | 443), |wanted| wanted == port);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let name = name.to_ascii_lowercase();
    let host_fits = match name.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => host == name,
    };
    port_fits && host_fits
}

/// Whether an address belongs to the public internet: everything else may be a service that trusts its neighbours.
pub(super) fn public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => public_v4(ip),
        IpAddr::V6(ip) => public_v6(ip),
    }
}

fn public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_private()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation();
    let reserved = a == 0
        || a >= 240
        // Carrier-grade NAT, where some clouds keep their metadata.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        // Azure's own services for virtual machines.
        || ip == Ipv4Addr::new(168, 63, 129, 16);
    !special && !reserved
}

/// Only global unicast, and of that nothing that carries an IPv4 address inside or is set aside.
fn public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let global = a & 0xe000 == 0x2000;
    let carries_v4 = a == 0x2002 || (a == 0x2001 && b == 0);
    let set_aside = (a == 0x2001 && (b == 0xdb8 || b < 0x200)) || (a == 0x3fff && b < 0x1000);
    global && !carries_v4 && !set_aside
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn allowing(hosts: &[&str]) -> MediaConfig {
        MediaConfig { allow_hosts: hosts.iter().map(|h| (*h).to_owned()).collect(), ..MediaConfig::default() }
    }

    #[test]
    fn addresses_inside_are_refused() {
        let inside = [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.7",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.2",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::8.8.8.8",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2001:20::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for ip in inside {
            assert!(!public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888"] {
            assert!(public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn schemes_names_and_ports_are_checked() {
        let plain = MediaConfig::default();
        for bad in
            ["ftp://a.example/x", "file:///etc/passwd", "https://user:pw@a.example/x", "http://a.example:22/x", "x"]
        {
            let why = url(bad, &plain).unwrap_err();
            assert!(!why.contains("pw") && !why.contains("user:"), "{why}");
        }
        for good in ["https://a.example/x.png?sig=1", "http://a.example:80/x", "HTTP://A.example/x"] {
            assert!(url(good, &plain).is_ok(), "{good}");
        }
        // Other spellings of a number are read as what they mean before they are checked.
        assert_eq!(url("http://0x7f.1/x", &plain).unwrap().host_str(), Some("127.0.0.1"));
        assert_eq!(url("http://2130706433/x", &plain).unwrap().host_str(), Some("127.0.0.1"));
    }

    #[test]
    fn a_list_of_hosts_is_the_whole_list() {
        let listed = allowing(&["img.example", "*.cdn.example", "files.example:8443"]);
        for good in ["https://img.example/a", "https://x.cdn.example/a", "https://files.example:8443/a"] {
            assert!(url(good, &listed).is_ok(), "{good}");
        }
        let bad = [
            "https://other.example/a",
            "https://cdn.example/a",
            "https://evilcdn.example/a",
            "https://img.example:8443/a",
            "https://files.example/a",
        ];
        for bad in bad {
            assert!(url(bad, &listed).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_are_checked_like_the_first_address() {
        let from = Url::parse("https://a.example/dir/x").unwrap();
        let to =
            |location: &str| redirect(&from, HeaderValue::from_str(location).ok().as_ref(), &MediaConfig::default());
        assert_eq!(to("../y").unwrap().as_str(), "https://a.example/y");
        assert!(to("gopher://a.example/").is_err() && to("http://a.example:8080/").is_err());
        assert!(redirect(&from, None, &MediaConfig::default()).is_err());
    }
}
