"""The tail of Student's distribution of 18 degrees of freedom, for crates/optim/src/trend.rs (pip install mpmath)."""
import mpmath as m

m.mp.dps = 50
for t in map(m.mpf, ("0", "-1", "1.5", "2.875", "6")):
    above = m.betainc(9, 0.5, 0, 18 / (18 + t * t), regularized=True) / 2
    print(t, float(above if t >= 0 else 1 - above))
