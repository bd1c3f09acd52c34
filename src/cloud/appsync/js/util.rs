//! What `util` needs from outside JavaScript: the time, random bytes, base 64.
//!
//! Not here: everything that plain JavaScript can do, which is in the prelude files.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rquickjs::{Ctx, Exception, Function, Object};

use crate::base::{Clock, Ids};

/// Where the time and random bytes come from.
#[derive(Clone)]
pub(in crate::cloud::appsync) struct Tools {
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Tools {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tools").finish_non_exhaustive()
    }
}

/// The prelude, as one function of `native` that gives the driver.
pub(super) fn prelude() -> String {
    let parts = [
        include_str!("prelude/values.js"),
        include_str!("prelude/search.js"),
        include_str!("prelude/transform.js"),
        include_str!("prelude/xml.js"),
        include_str!("prelude/util.js"),
        include_str!("prelude/dynamodb.js"),
        include_str!("prelude/rds.js"),
        include_str!("prelude/ai.js"),
        include_str!("prelude/driver.js"),
    ];
    include_str!("prelude/frame.js").replace("// PARTS", &parts.concat())
}

/// The object `native` of the prelude.
pub(super) fn native<'js>(ctx: &Ctx<'js>, tools: &Tools) -> rquickjs::Result<Object<'js>> {
    let native = Object::new(ctx.clone())?;
    let (ids, clock) = (Arc::clone(&tools.ids), Arc::clone(&tools.clock));
    native.set("nowMs", Function::new(ctx.clone(), move || as_number(clock.now_ms()))?)?;
    let source = Arc::clone(&ids);
    native.set("uuid", Function::new(ctx.clone(), move || source.uuid())?)?;
    let source = Arc::clone(&ids);
    native.set("random", Function::new(ctx.clone(), move || fraction(&*source))?)?;
    let (source, clock) = (Arc::clone(&ids), Arc::clone(&tools.clock));
    native.set("ulid", Function::new(ctx.clone(), move || ulid(clock.now_ms(), &*source))?)?;
    let (source, clock) = (ids, Arc::clone(&tools.clock));
    native.set("ksuid", Function::new(ctx.clone(), move || ksuid(clock.now_s(), &*source))?)?;
    native.set("formatIso", Function::new(ctx.clone(), |ms: f64| crate::base::clock::iso_ms(as_integer(ms)))?)?;
    native.set("formatTime", Function::new(ctx.clone(), format_time)?)?;
    native.set("parseTime", Function::new(ctx.clone(), parse_time)?)?;
    native.set("parseIso", Function::new(ctx.clone(), parse_iso)?)?;
    native.set("base64Encode", Function::new(ctx.clone(), |text: String| STANDARD.encode(text))?)?;
    native.set("base64Decode", Function::new(ctx.clone(), decode)?)?;
    native.set(
        "log",
        Function::new(ctx.clone(), |text: rquickjs::Value<'_>| {
            tracing::debug!(target: "appsync::console", "{text:?}");
        })?,
    )?;
    Ok(native)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit in 53 bits")]
fn as_number(ms: i64) -> f64 {
    ms as f64
}

#[expect(clippy::cast_possible_truncation, reason = "a time outside of 64 bits is refused by what it is given to")]
fn as_integer(ms: f64) -> i64 {
    ms as i64
}

fn fraction(ids: &dyn Ids) -> f64 {
    let mut bytes = [0; 4];
    ids.fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

/// Digits of `bytes` as one large number, in the base of `alphabet`, `length` of them.
fn in_base(bytes: &[u8], alphabet: &[u8], length: usize) -> String {
    let mut number = num_bigint::BigUint::from_bytes_be(bytes);
    let base = num_bigint::BigUint::from(alphabet.len());
    let mut text = vec![char::from(alphabet[0]); length];
    for place in text.iter_mut().rev() {
        let digit = (&number % &base).to_u32_digits().first().copied().unwrap_or_default();
        number /= &base;
        *place = char::from(alphabet[usize::try_from(digit).unwrap_or_default()]);
    }
    text.into_iter().collect()
}

/// 48 bits of time and 80 random ones in Crockford's base 32.
fn ulid(now_ms: i64, ids: &dyn Ids) -> String {
    let mut bytes = [0; 16];
    ids.fill(&mut bytes);
    bytes[..6].copy_from_slice(&now_ms.to_be_bytes()[2..]);
    in_base(&bytes, b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26)
}

/// Seconds since 2014-05-13T16:53:20Z and 128 random bits in base 62.
fn ksuid(now_s: i64, ids: &dyn Ids) -> String {
    let mut bytes = [0; 20];
    ids.fill(&mut bytes);
    let since = u32::try_from(now_s - 1_400_000_000).unwrap_or_default();
    bytes[..4].copy_from_slice(&since.to_be_bytes());
    in_base(&bytes, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 27)
}

fn zone(ctx: &Ctx<'_>, name: &str) -> rquickjs::Result<TimeZone> {
    TimeZone::get(name).map_err(|error| Exception::throw_message(ctx, &error.to_string()))
}

/// A Java date format as `strftime` writes it, or the letter that has no counterpart.
fn strftime(format: &str) -> Result<String, char> {
    let mut output = String::new();
    let mut rest = format;
    while let Some(letter) = rest.chars().next() {
        let run = rest.chars().take_while(|one| *one == letter).count();
        let length = run * letter.len_utf8();
        if letter == '\'' {
            let (text, after) = rest[1..].split_once('\'').ok_or('\'')?;
            output.push_str(if text.is_empty() { "'" } else { text });
            rest = after;
            continue;
        }
        let directive = match (letter, run) {
            ('y' | 'u', 2) => "%y".into(),
            ('y' | 'u', _) => "%Y".into(),
            ('M' | 'L', 4) => "%B".into(),
            ('M' | 'L', 3) => "%b".into(),
            ('M' | 'L', 2) => "%m".into(),
            ('M' | 'L', 1) => "%-m".into(),
            ('d', 2) => "%d".into(),
            ('d', 1) => "%-d".into(),
            ('D', _) => "%j".into(),
            ('E', 4) => "%A".into(),
            ('E', _) => "%a".into(),
            ('H', 2) => "%H".into(),
            ('H', 1) => "%-H".into(),
            ('h', 2) => "%I".into(),
            ('h', 1) => "%-I".into(),
            ('m', 2) => "%M".into(),
            ('m', 1) => "%-M".into(),
            ('s', 2) => "%S".into(),
            ('s', 1) => "%-S".into(),
            ('S', digits) => format!("%{digits}f"),
            ('a', _) => "%p".into(),
            ('z', _) => "%Z".into(),
            ('Z', 1..=3) => "%z".into(),
            ('X', _) | ('Z', 5) => "%:z".into(),
            (other, _) if other.is_ascii_alphabetic() => return Err(other),
            (other, count) => std::iter::repeat_n(other, count).collect::<String>().replace('%', "%%"),
        };
        output.push_str(&directive);
        rest = &rest[length..];
    }
    Ok(output)
}

fn pattern(ctx: &Ctx<'_>, format: &str) -> rquickjs::Result<String> {
    strftime(format).map_err(|letter| {
        Exception::throw_message(ctx, &format!("the letter `{letter}` of the date format `{format}` is not supported"))
    })
}

fn format_time(ctx: Ctx<'_>, ms: f64, format: String, zone_name: String) -> rquickjs::Result<String> {
    let refused = |error: jiff::Error| Exception::throw_message(&ctx, &error.to_string());
    let time = Timestamp::from_millisecond(as_integer(ms)).map_err(refused)?.to_zoned(zone(&ctx, &zone_name)?);
    Ok(time.strftime(&pattern(&ctx, &format)?).to_string())
}

fn parse_time(ctx: Ctx<'_>, text: String, format: String, zone_name: String) -> rquickjs::Result<f64> {
    let refused = |error: jiff::Error| Exception::throw_message(&ctx, &error.to_string());
    let parsed = jiff::fmt::strtime::parse(pattern(&ctx, &format)?, &text).map_err(refused)?;
    if let Ok(zoned) = parsed.to_zoned() {
        return Ok(as_number(zoned.timestamp().as_millisecond()));
    }
    let day = parsed.to_date().map_err(refused)?;
    let civil = parsed.to_datetime().unwrap_or_else(|_| day.to_datetime(jiff::civil::Time::midnight()));
    let zone_name = if zone_name.is_empty() { "UTC".to_owned() } else { zone_name };
    let zoned = civil.to_zoned(zone(&ctx, &zone_name)?).map_err(refused)?;
    Ok(as_number(zoned.timestamp().as_millisecond()))
}

fn parse_iso(ctx: Ctx<'_>, text: String) -> rquickjs::Result<f64> {
    let time: Timestamp =
        text.parse().map_err(|error: jiff::Error| Exception::throw_message(&ctx, &error.to_string()))?;
    Ok(as_number(time.as_millisecond()))
}

fn decode(ctx: Ctx<'_>, text: String) -> rquickjs::Result<String> {
    let bytes = STANDARD.decode(text.trim()).map_err(|error| Exception::throw_message(&ctx, &error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
