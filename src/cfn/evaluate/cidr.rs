//! `Fn::Cidr`: blocks of addresses cut from a larger one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first `count` blocks with `bits` bits for hosts in `block`.
///
/// # Errors
/// What is wrong with the arguments, as the end of a sentence about `Fn::Cidr`.
pub(super) fn blocks(block: &str, count: &str, bits: Option<&str>) -> Result<Vec<String>, String> {
    let unreadable = || format!("cannot read the block `{}`", block.escape_debug());
    let (address, prefix) = block.split_once('/').ok_or_else(unreadable)?;
    let address: IpAddr = address.parse().map_err(|_| unreadable())?;
    let prefix: u32 = prefix.parse().map_err(|_| unreadable())?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let count: u128 = count.parse().map_err(|_| "wants a number of blocks".to_owned())?;
    if !(1..=256).contains(&count) {
        return Err(format!("can make 1 to 256 blocks, not {count}"));
    }
    let bits: u32 = match bits {
        Some(bits) => bits.parse().map_err(|_| "wants a number of bits".to_owned())?,
        None => width - prefix.min(width),
    };
    if prefix > width || bits == 0 || bits > width - prefix {
        return Err(format!("cannot cut blocks with {bits} bits for hosts from `{}`", block.escape_debug()));
    }
    let spare = width - prefix - bits;
    if spare < 127 && count > 1_u128 << spare {
        return Err(format!("cannot cut {count} blocks with {bits} bits for hosts from `{}`", block.escape_debug()));
    }
    let number = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let host_bits = width - prefix;
    let base = if host_bits == 128 { 0 } else { number >> host_bits << host_bits };
    let written = |index: u128| {
        let start = if bits == 128 { base } else { base + (index << bits) };
        match address {
            IpAddr::V4(_) => {
                let start = u32::try_from(start).unwrap_or(u32::MAX);
                format!("{}/{}", Ipv4Addr::from(start), width - bits)
            }
            IpAddr::V6(_) => format!("{}/{}", Ipv6Addr::from(start), width - bits),
        }
    };
    Ok((0..count).map(written).collect())
}
