package model

import "fmt"

// LeastOfClass is how many leads of either outcome a model needs to learn from.
const LeastOfClass = 40

// Enough refuses data from which nothing can be learned, before any training.
func Enough(rows, positives int) Gate {
	negatives := rows - positives
	switch {
	case rows == 0:
		return refuse("few", "there are no leads with a known outcome yet: at least %d converted and %d others are needed", LeastOfClass, LeastOfClass)
	case positives == 0:
		return refuse("one_class", "none of the %d leads converted: there is nothing to tell apart", rows)
	case negatives == 0:
		return refuse("one_class", "all of the %d leads converted: there is nothing to tell apart", rows)
	case positives < LeastOfClass || negatives < LeastOfClass:
		return refuse("few", "%d leads converted and %d did not: at least %d of each are needed", positives, negatives, LeastOfClass)
	}
	return Gate{OK: true}
}

// signal refuses a model that tells nothing, by its figures on the newest slice.
func signal(m Metrics) Gate {
	switch {
	case !(m.AUCLow > 0.5):
		return refuse("no_signal", "the newest leads give no sign that the model tells better from worse ones: AUC %.3f, with 95 %% certainty between %.3f and %.3f, where 0.5 is tossing a coin", m.AUC, m.AUCLow, m.AUCHigh)
	case !(m.LogLoss < m.PriorLog):
		return refuse("no_gain", "the chances that the model gives are no better than saying the same of every lead: log-loss %.4f against %.4f", m.LogLoss, m.PriorLog)
	}
	return Gate{OK: true}
}

func refuse(code, format string, args ...any) Gate {
	return Gate{Code: code, Message: fmt.Sprintf(format, args...)}
}
