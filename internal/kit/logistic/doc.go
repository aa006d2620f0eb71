// Package logistic is logistic regression with an L2 penalty for a yes-or-no
// outcome, on tables with missing values and categories.
//
// Numeric columns are standardised with the training rows' mean and deviation;
// a missing value counts as the median, with a flag of its own. Categories
// become one column each; those seen fewer than MinLevel times, and unknown
// ones, share one, the missing another. Newton's method with an exact Hessian
// finds the one optimum, so that the same data always give the same model.
//
//	data.go     Column, and what makes data valid
//	encode.go   rows → the numbers that are weighted
//	fit.go      Fit
//	model.go    Margin, Predict, Explain: exact contributions w·(x - mean)
package logistic
