// Package modeleval judges and calibrates predictions of a yes-or-no outcome.
//
// A Sample is probabilities beside what came of them. All figures are
// deterministic; what draws at random takes a seed.
//
//	sample.go       Sample; log-loss, Brier score, the prior's log-loss
//	auc.go          area under the ROC curve with DeLong's interval
//	reliability.go  reliability bins, expected calibration error, lift and gain
//	drift.go        population stability index
//	calibrate.go    Platt scaling and isotonic regression
//	compare.go      paired bootstrap of the difference of two models' log-loss
//
// Conventions: AUC counts ties half; log-loss is natural with probabilities
// held within 1e-15 of 0 and 1; bins are of equal count.
package modeleval
