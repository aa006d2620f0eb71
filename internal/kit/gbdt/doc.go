// Package gbdt trains, runs and explains gradient-boosted decision trees for a
// yes-or-no outcome (binary log-loss).
//
// A Dataset holds columns, each numeric (NaN is missing) or categorical (codes
// into a list of levels, -1 is missing), with labels and weights. Train grows a
// Model on histograms of at most 255 bins a column; missing values and native
// categories find their side of each split from the data. Sums are integers of
// stochastically rounded gradients, so the same seed gives the same model on
// any number of threads.
//
// A row to be scored is a []float64 in the order of Model.Features: a numeric
// value, or the code of a level as a float (Model.Code finds it). NaN, a
// negative code and a level the model has never seen are missing.
//
//	dataset.go    Column, Dataset and what makes them valid
//	params.go     Params, History, Progress
//	train.go      Train: the boosting loop, early stopping
//	gradient.go   gradients, rounded to integers
//	bin.go        columns → bins
//	matrix.go     the matrix of bins, packed for histograms
//	histogram.go  sums of gradients by bin, block by block
//	split.go      the best numeric split; splitcat.go of categories
//	grow.go       one tree, leaf-wise or depth-wise; partition.go moves its rows
//	finish.go     the tree in values instead of bins; the validation set
//	pool.go       the threads
//	model.go      Model, Tree, Margin, Predict, importances; validate.go
//	batch.go      many rows at once
//	explain.go    exact path-dependent SHAP values; narrow.go for most trees
//
// Package modelio beside it reads and writes models of other programs.
package gbdt
