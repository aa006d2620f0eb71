package stream

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/kit/cloudevents"
)

// A pack is the payload of one JetStream message:
//
//	pack  = version frame*
//	frame = trace length event
//	trace = 0 (none) | 1 (that of the frame before) | 2 length traceparent
//
// The length of a traceparent has one byte, that of an event four, the highest
// first; an event is its structured JSON. Version 1 is
// plain; in version 2 all after the version is one zstd frame. How many events
// a pack holds stands at the end of its subject, so that JetStream's counts by
// subject add up to the number of events of a topic without reading any.
const (
	packPlain      = 1
	packCompressed = 2

	traceNone    = 0
	traceSame    = 1
	traceGiven   = 2
	maxTrace     = 128 // a traceparent has 55 characters
	indexBits    = 13
	maxPackCount = 1 << indexBits // events in a pack
)

// seqOf gives the sequence number of an event from its pack's and its place in it.
func seqOf(pack uint64, index int) uint64 { return pack<<indexBits | uint64(index) }

// packOf undoes seqOf.
func packOf(seq uint64) (pack uint64, index int) {
	return seq >> indexBits, int(seq & (maxPackCount - 1))
}

// appendFrames appends the frames of one call of Publish. They refer to nothing
// outside themselves, so calls can be joined by putting one after the other.
func appendFrames(dst []byte, trace string, events []cloudevents.Event) []byte {
	for i := range events {
		switch {
		case trace == "" || len(trace) > maxTrace:
			dst = append(dst, traceNone)
		case i > 0:
			dst = append(dst, traceSame)
		default:
			dst = append(dst, traceGiven, byte(len(trace)))
			dst = append(dst, trace...)
		}
		dst = append(dst, 0, 0, 0, 0)
		begin := len(dst)
		dst = events[i].AppendJSON(dst)
		binary.BigEndian.PutUint32(dst[begin-4:], uint32(len(dst)-begin))
	}
	return dst
}

// subjectFor gives the subject of a topic's pack of n events.
func subjectFor(topic string, n int) string { return subjectPrefix + topic + "." + strconv.Itoa(n) }

// countIn reads the number of events out of a subject; 0 where it is not one of ours.
func countIn(subject string) int {
	n, err := strconv.Atoi(subject[strings.LastIndexByte(subject, '.')+1:])
	if err != nil || n < 1 || n > maxPackCount {
		return 0
	}
	return n
}

// unpacker walks through the frames of one pack.
type unpacker struct {
	topic  string
	pack   uint64
	stored time.Time
	rest   []byte
	index  int
	trace  string
}

func newUnpacker(topic string, pack uint64, stored time.Time, payload []byte, dec *zstd.Decoder) (*unpacker, error) {
	u := &unpacker{topic: topic, pack: pack, stored: stored}
	if len(payload) == 0 {
		return nil, u.corrupt(nil)
	}
	switch payload[0] {
	case packPlain:
		u.rest = payload[1:]
	case packCompressed:
		plain, err := dec.DecodeAll(payload[1:], nil)
		if err != nil {
			return nil, u.corrupt(err)
		}
		u.rest = plain
	default:
		return nil, u.corrupt(nil)
	}
	return u, nil
}

// more tells whether frames are left.
func (u *unpacker) more() bool { return len(u.rest) > 0 }

// skip passes over one frame without decoding its event.
func (u *unpacker) skip() error {
	_, err := u.frame()
	return err
}

// next decodes one event. After an error the pack can't be read further,
// except when only the event itself is at fault.
func (u *unpacker) next() (Entry, error) {
	index := u.index
	text, err := u.frame()
	if err != nil {
		return Entry{}, err
	}
	event, err := cloudevents.Decode(text)
	if err != nil {
		return Entry{}, u.corrupt(err)
	}
	return Entry{Seq: seqOf(u.pack, index), Topic: u.topic, Stored: u.stored, Event: event, TraceParent: u.trace}, nil
}

// frame cuts the next frame off and gives its event's text.
func (u *unpacker) frame() ([]byte, error) {
	tag := u.rest[0]
	rest := u.rest[1:]
	switch tag {
	case traceNone:
		u.trace = ""
	case traceSame:
	case traceGiven:
		if len(rest) == 0 || len(rest)-1 < int(rest[0]) {
			return nil, u.lost()
		}
		n := int(rest[0])
		u.trace, rest = string(rest[1:1+n]), rest[1+n:]
	default:
		return nil, u.lost()
	}
	if len(rest) < 4 || u.index == maxPackCount {
		return nil, u.lost()
	}
	size := binary.BigEndian.Uint32(rest)
	rest = rest[4:]
	if uint64(size) > uint64(len(rest)) {
		return nil, u.lost()
	}
	end := int(size)
	text := rest[:end:end]
	u.rest = rest[end:]
	u.index++
	return text, nil
}

// lost gives up on a pack whose frames can't be told apart any more.
func (u *unpacker) lost() error {
	u.rest = nil
	return u.corrupt(nil)
}

func (u *unpacker) corrupt(cause error) error {
	return errs.Wrap(cause, errs.Internal, "stream.corrupt", "entry %d of the topic can't be read", seqOf(u.pack, u.index))
}
