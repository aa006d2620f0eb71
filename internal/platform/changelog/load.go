package changelog

// Load says that very many changes are being made at once, such as those of an
// import, until done is called. Followers that nobody waits for stay behind
// meanwhile: they would take the machine from the writer.
func (t *Tailer) Load() (done func()) {
	t.loads.Add(1)
	return func() { t.loads.Add(-1) }
}

// Loading tells whether very many changes are being made on this node.
func (t *Tailer) Loading() bool { return t.loads.Load() > 0 }
