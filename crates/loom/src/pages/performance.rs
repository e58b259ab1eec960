//! How the program is doing: durations, memory, models and the month's costs, read again every few seconds.

use std::time::Duration;

use axum::{Extension, extract::State};
use chassis::problem::Problem;
use maud::{Markup, html};
use ui::{
    Arg, Language, PageShell, Viewer,
    components::{Column, State as Mark, badge, stat, table},
    time::duration_text,
};

use super::{ASSETS, Place, grouped, shell, text, text_with};
use crate::{
    app::App,
    auth::Caller,
    routes::status::{self, ProviderView, StatusView},
};

/// `GET /performance`.
pub(super) async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    let status = status::read(&app, &caller).await?;
    let language = viewer.language;
    let body = html! {
        div.page-head {
            h1 { (text(language, "performance-title")) }
            p.soft hidden data-stale role="status" { (text(language, "performance-stale")) }
        }
        div data-figures="/performance/figures" { (content(language, &status)) }
        p.soft {
            a href="/docs" { (text(language, "docs-title")) } " · "
            a href="/health" { (text(language, "performance-health")) } " · "
            a href="/metrics" { (text(language, "performance-metrics")) }
        }
    };
    Ok(PageShell {
        scripts: vec![ASSETS.url("performance.js")],
        ..shell(&viewer, &caller, Place::Performance, text(language, "performance-title"), body)
    }
    .render())
}

/// `GET /performance/figures`: the changing part alone.
pub(super) async fn figures(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    viewer: Viewer,
) -> Result<Markup, Problem> {
    Ok(content(viewer.language, &status::read(&app, &caller).await?))
}

fn content(language: Language, status: &StatusView) -> Markup {
    html! {
        p { (verdict(language, status)) }
        dl.stats { (turns(language, status)) (machine(language, status)) }
        (costs(language, status))
        (providers(language, &status.providers))
    }
}

/// The state in one word: what a person looks for first.
fn verdict(language: Language, status: &StatusView) -> Markup {
    let order: Vec<&ProviderView> = status.providers.iter().filter(|it| it.in_order).collect();
    let failing = order.iter().filter(|it| it.breaker == "open").count();
    match (order.len(), failing) {
        (0, _) => badge(Mark::Info, &text(language, "performance-offline")),
        (_, 0) => badge(Mark::Ok, &text(language, "performance-fine")),
        (all, failing) if all == failing => badge(Mark::Error, &text(language, "performance-none-answers")),
        _ => badge(Mark::Warning, &text(language, "performance-some-fail")),
    }
}

fn turns(language: Language, status: &StatusView) -> Markup {
    let measured = [("count", Arg::Number(status.turn_ms.count as f64))];
    let quantile = |id: &str, value: f64, remark: Option<&Markup>| {
        if status.turn_ms.count == 0 {
            return stat(&text(language, id), "–", "", remark);
        }
        let (value, unit) = milliseconds(value);
        stat(&text(language, id), &value, unit, remark)
    };
    html! {
        (quantile("performance-p50", status.turn_ms.p50,
            Some(&html! { (text_with(language, "performance-measured", &measured)) })))
        (quantile("performance-p95", status.turn_ms.p95, None))
        (quantile("performance-p99", status.turn_ms.p99, None))
        (stat(&text(language, "performance-in-progress"), &status.turns_in_progress.to_string(), "", None))
    }
}

fn milliseconds(value: f64) -> (String, &'static str) {
    if value < 1_000.0 { (format!("{value:.0}"), "ms") } else { (format!("{:.1}", value / 1_000.0), "s") }
}

fn machine(language: Language, status: &StatusView) -> Markup {
    let (memory, unit) = match status.memory_bytes {
        0 => ("–".to_owned(), ""),
        bytes => (grouped(bytes / (1024 * 1024)), "MiB"),
    };
    let up = duration_text(Duration::from_secs(status.uptime_seconds));
    html! {
        (stat(&text(language, "performance-memory"), &memory, unit, None))
        (stat(&text(language, "performance-uptime"), &up, "",
            Some(&html! { "loom " (status.version) " · " (status.database) })))
    }
}

/// Spending against the limit: everybody's where the caller may see it, else the caller's own.
fn costs(language: Language, status: &StatusView) -> Markup {
    let spent = status.month_usd.unwrap_or(status.own_month_usd);
    let label = text(language, if status.month_usd.is_some() { "costs-month" } else { "costs-own" });
    let limit = status.month_limit_usd;
    html! {
        section {
            h2 { (text(language, "costs-title")) }
            div.progress {
                div.progress-line {
                    span { (label) }
                    span.figure {
                        "$" (format!("{spent:.4}"))
                        @if limit > 0.0 { " / $" (format!("{limit:.2}")) }
                    }
                }
                @if limit > 0.0 {
                    progress aria-label=(label) max=(format!("{limit:.6}")) value=(format!("{:.6}", spent.min(limit))) {}
                } @else { p.faint { (text(language, "costs-no-limit")) } }
            }
            @if status.month_usd.is_some() {
                p.faint {
                    (text_with(language, "costs-of-it-own",
                        &[("cost", Arg::Text(format!("{:.4}", status.own_month_usd).into()))]))
                }
            }
            @if limit > 0.0 && spent >= limit {
                p { (badge(Mark::Error, &text(language, "costs-exhausted"))) }
            }
        }
    }
}

fn providers(language: Language, providers: &[ProviderView]) -> Markup {
    let columns = ["provider-name", "provider-model", "provider-state", "provider-error"]
        .map(|id| Column::text(text(language, id)));
    let rows: Vec<Vec<Markup>> = providers
        .iter()
        .map(|provider| {
            vec![
                html! { (provider.name) },
                html! { code { (provider.model) } },
                breaker(language, provider),
                html! { @if let Some(error) = &provider.last_error { span.soft { (error) } } },
            ]
        })
        .collect();
    html! {
        section {
            h2 { (text(language, "providers-title")) }
            @if rows.is_empty() { p.soft { (text(language, "providers-none")) } }
            @else { (table(&text(language, "providers-title"), &columns, &rows)) }
        }
    }
}

fn breaker(language: Language, provider: &ProviderView) -> Markup {
    match provider.breaker.as_str() {
        _ if !provider.in_order => badge(Mark::Quiet, &text(language, "provider-unused")),
        "open" => badge(Mark::Error, &text(language, "provider-open")),
        "half_open" => badge(Mark::Warning, &text(language, "provider-half-open")),
        _ => badge(Mark::Ok, &text(language, "provider-closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::status::LatencyView;

    fn provider(name: &str, breaker: &str) -> ProviderView {
        ProviderView {
            name: name.to_owned(),
            model: "<b>model</b>".to_owned(),
            in_order: true,
            breaker: breaker.to_owned(),
            last_error: Some("<script>alert(1)</script>".to_owned()),
        }
    }

    fn status(providers: Vec<ProviderView>) -> StatusView {
        StatusView {
            version: "0".to_owned(),
            database: "sqlite".to_owned(),
            turns_in_progress: 0,
            memory_bytes: 0,
            uptime_seconds: 75,
            turn_ms: LatencyView::default(),
            providers,
            month_usd: Some(25.0),
            own_month_usd: 0.5,
            month_limit_usd: 20.0,
        }
    }

    #[test]
    fn the_state_is_told_first() {
        let check = |breakers: &[&str], class: &str| {
            let providers = breakers.iter().map(|breaker| provider("one", breaker)).collect();
            let told = verdict(Language::En, &status(providers)).into_string();
            assert!(told.contains(class), "{breakers:?}: {told}");
        };
        check(&[], "state-info");
        check(&["closed", "half_open"], "state-ok");
        check(&["closed", "open"], "state-warning");
        check(&["open"], "state-error");
    }

    #[test]
    fn errors_stay_text_and_gaps_are_shown_as_gaps() {
        let page = content(Language::ZhCn, &status(vec![provider("one", "open")])).into_string();
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
        assert!(page.contains('–') && page.contains("value=\"20.000000\""), "{page}");
    }
}
