//! The two distributions that the audit needs: chi-square with one degree of freedom, and Student's t.
//!
//! The first is an incomplete gamma function, the second an incomplete beta function, both by the series and continued
//! fractions of the NIST Digital Library of Mathematical Functions (8.7.1, 8.9.2, 8.17.22) after the method of Lentz;
//! `ln Γ` is Lanczos' approximation (g = 7, nine terms).

/// The chance that a chi-square variable with one degree of freedom is at least this large: Q(1/2, x/2).
pub(super) fn chi_square_tail(statistic: f64) -> f64 {
    if statistic <= 0.0 { 1.0 } else { upper_gamma_half(statistic / 2.0) }
}

/// Q(1/2, x): the series of DLMF 8.7.1 below 1.5, the continued fraction of DLMF 8.9.2 above.
fn upper_gamma_half(x: f64) -> f64 {
    const SHAPE: f64 = 0.5;
    let scale = (SHAPE * x.ln() - x - ln_gamma(SHAPE)).exp();
    if x < SHAPE + 1.0 {
        let (mut term, mut sum, mut step) = (1.0 / SHAPE, 1.0 / SHAPE, SHAPE);
        for _ in 0..500 {
            step += 1.0;
            term *= x / step;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return (1.0 - sum * scale).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - SHAPE;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for index in 1..500 {
        let index = f64::from(index);
        let a = -index * (index - SHAPE);
        b += 2.0;
        d = 1.0 / not_zero(a * d + b);
        c = not_zero(b + a / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (fraction * scale).clamp(0.0, 1.0)
}

/// The quantile of Student's t by halving: the distribution is monotone, and sixty steps are exact to a double.
pub(super) fn t_quantile(probability: f64, degrees: f64) -> f64 {
    if probability < 0.5 {
        return -t_quantile(1.0 - probability, degrees);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while t_below(high, degrees) < probability && high < 1e12 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if t_below(middle, degrees) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The chance that Student's t is below a value of at least 0.
fn t_below(value: f64, degrees: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + value * value))
}

/// The regularised incomplete beta function.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / not_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for index in 1..1_000 {
        let m = f64::from(index);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / not_zero(1.0 + even * d);
        c = not_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / not_zero(1.0 + odd * d);
        c = not_zero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

fn not_zero(value: f64) -> f64 {
    if value.abs() < 1e-300 { 1e-300 } else { value }
}

const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// `ln Γ(x)` for x of at least 0.5.
fn ln_gamma(x: f64) -> f64 {
    let x = x - 1.0;
    let base = x + 7.5;
    let series = LANCZOS.iter().enumerate().skip(1);
    let sum = series.fold(LANCZOS[0], |sum, (index, weight)| sum + weight / (x + index as f64));
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    /// NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2, with more digits from the closed forms: one degree
    /// is Cauchy's tangent, two are `sqrt(2) · ...`.
    #[test]
    fn quantiles_of_student() {
        check(t_quantile(0.975, 1.0), (std::f64::consts::PI * 0.475).tan());
        check(t_quantile(0.975, 2.0), 0.95 / (2.0 * 0.975 * 0.025_f64).sqrt());
        check(t_quantile(0.95, 5.0), 2.015_048_373);
        check(t_quantile(0.975, 10.0), 2.228_138_852);
        check(t_quantile(0.995, 30.0), 2.749_995_654);
        check(t_quantile(0.025, 10.0), -2.228_138_852);
        check(t_quantile(0.5, 7.3), 0.0);
        assert!((t_quantile(0.975, 1e7) - 1.959_964).abs() < 1e-5);
    }

    #[test]
    fn tails_of_chi_square() {
        check(chi_square_tail(0.0), 1.0);
        check(chi_square_tail(3.841_458_821), 0.05);
        check(chi_square_tail(6.634_896_601), 0.01);
        check(chi_square_tail(1.0), 0.317_310_508);
        check(chi_square_tail(10.827_566_17), 0.001);
        assert!(chi_square_tail(2_000.0) >= 0.0);
    }
}
