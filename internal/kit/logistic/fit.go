package logistic

import (
	"context"
	"math"

	"github.com/rapport-platform/rapport/internal/ground/errs"
)

// encoded is one training row: the numbers that are not 0.
type encoded struct {
	at []int32
	v  []float64
}

// Fit fits a model. weight may be nil. A cancelled context ends the fit after
// the step at hand.
func Fit(ctx context.Context, cols []Column, y []bool, weight []float64, p Params) (*Model, error) {
	if err := check(cols, y, weight, p); err != nil {
		return nil, err
	}
	m := &Model{}
	for i := range cols {
		in := newInput(&cols[i], weight, p)
		in.First = int32(len(m.Weights))
		m.Inputs = append(m.Inputs, in)
		m.Weights = append(m.Weights, make([]float64, in.Width)...)
		if len(m.Weights) > maxWeights {
			return nil, errs.New(errs.TooLarge, "logistic.too_wide", "the columns make more than %d numbers a row; raise MinLevel or lower MaxLevels", maxWeights)
		}
	}
	f := newFit(m, cols, y, weight, p)
	m.Means = f.means
	for range 100 {
		if err := ctx.Err(); err != nil {
			return nil, errs.Wrap(err, errs.Unavailable, "logistic.cancelled", "the fit was cancelled")
		}
		done, err := f.step()
		if err != nil {
			return nil, err
		}
		if done {
			break
		}
	}
	copy(m.Weights, f.w[1:])
	m.Intercept = f.w[0]
	return m, nil
}

// fit is Newton's method at work. Weight 0 is the intercept, which is not penalised.
type fit struct {
	rows    []encoded
	y       []bool
	weight  []float64
	penalty float64
	w       []float64
	means   []float64
	value   float64
	hessian []float64
}

func newFit(m *Model, cols []Column, y []bool, weight []float64, p Params) *fit {
	n := len(m.Weights) + 1
	f := &fit{rows: make([]encoded, len(y)), y: y, weight: weight, penalty: p.Penalty, w: make([]float64, n), means: make([]float64, n-1), hessian: make([]float64, n*n)}
	atBuffer, valueBuffer := make([]int32, 0, len(y)*(len(cols)+1)), make([]float64, 0, len(y)*(len(cols)+1))
	total, pos := 0.0, 0.0
	for i := range y {
		from := len(atBuffer)
		atBuffer, valueBuffer = append(atBuffer, 0), append(valueBuffer, 1)
		for j := range cols {
			x := math.NaN()
			if c := &cols[j]; c.Codes == nil {
				x = c.Numeric[i]
			} else if c.Codes[i] >= 0 {
				x = float64(c.Codes[i])
			}
			m.Inputs[j].encode(x, func(at int32, v float64) {
				atBuffer, valueBuffer = append(atBuffer, at+1), append(valueBuffer, v)
			})
		}
		f.rows[i] = encoded{atBuffer[from:], valueBuffer[from:]}
		w := f.of(i)
		total += w
		if y[i] {
			pos += w
		}
		for k, at := range f.rows[i].at[1:] {
			f.means[at-1] += w * f.rows[i].v[k+1]
		}
	}
	for i := range f.means {
		f.means[i] /= total
	}
	f.w[0] = math.Log(pos / (total - pos))
	f.value = f.loss(f.w)
	return f
}

func (f *fit) of(row int) float64 {
	if f.weight == nil {
		return 1
	}
	return f.weight[row]
}

func (f *fit) margin(w []float64, row int) float64 {
	sum := 0.0
	for k, at := range f.rows[row].at {
		sum += w[at] * f.rows[row].v[k]
	}
	return sum
}

func (f *fit) loss(w []float64) float64 {
	sum := 0.0
	for i, y := range f.y {
		s := f.margin(w, i)
		if y {
			s = -s
		}
		sum += f.of(i) * (max(s, 0) + math.Log1p(math.Exp(-math.Abs(s))))
	}
	for _, v := range w[1:] {
		sum += f.penalty / 2 * v * v
	}
	return sum
}

// step takes one step and tells whether it was the last.
func (f *fit) step() (done bool, err error) {
	n := len(f.w)
	gradient := make([]float64, n)
	clear(f.hessian)
	for i, y := range f.y {
		p := 1 / (1 + math.Exp(-f.margin(f.w, i)))
		d, h := p, f.of(i)*p*(1-p)
		if y {
			d--
		}
		d *= f.of(i)
		r := &f.rows[i]
		for a, at := range r.at {
			gradient[at] += d * r.v[a]
			row := f.hessian[int(at)*n : int(at)*n+n]
			hv := h * r.v[a]
			for b, to := range r.at[:a+1] {
				row[to] += hv * r.v[b]
			}
		}
	}
	for i := 1; i < n; i++ {
		gradient[i] += f.penalty * f.w[i]
		f.hessian[i*n+i] += f.penalty
	}
	f.hessian[0] += 1e-10
	largest := 0.0
	for _, g := range gradient {
		largest = max(largest, math.Abs(g))
	}
	if largest < 1e-8*float64(len(f.y)) {
		return true, nil
	}
	if !solve(f.hessian, gradient, n) {
		return false, errs.New(errs.Invalid, "logistic.singular", "the columns leave no single best fit; raise the penalty")
	}
	next := make([]float64, n)
	for size := 1.0; size > 1e-10; size /= 2 {
		for i := range next {
			next[i] = f.w[i] - size*gradient[i]
		}
		if v := f.loss(next); v < f.value {
			small := f.value-v < 1e-12*math.Abs(f.value)
			f.w, f.value = next, v
			return small, nil
		}
	}
	return true, nil
}

// solve replaces b by the solution of the symmetric positive system whose lower
// half is a, by Cholesky's factors; false if it is not positive.
func solve(a, b []float64, n int) bool {
	for i := range n {
		for j := 0; j <= i; j++ {
			sum := a[i*n+j]
			x, y := a[i*n:i*n+j], a[j*n:j*n+j]
			for k := range x {
				sum -= x[k] * y[k]
			}
			if i != j {
				a[i*n+j] = sum / a[j*n+j]
				continue
			}
			if !(sum > 0) {
				return false
			}
			a[i*n+i] = math.Sqrt(sum)
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i*n+k] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k*n+i] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	return true
}
