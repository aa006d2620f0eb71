package delta

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The library allocates what the header of a page asks for. So the headers of a
// column's pages are read first, and one that asks for more than there can be
// is refused. A page that unpacks to more than its header says is, too.

const (
	headerRead = 4 << 10 // most headers are shorter
	headerMax  = 1 << 20
)

func (p *parquetFile) checkPages(group, column int) error {
	m := &p.pq.Metadata().RowGroups[group].Columns[column].MetaData
	at := m.DataPageOffset
	if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < at {
		at = m.DictionaryPageOffset
	}
	end := at + m.TotalCompressedSize
	var values int64
	buf := make([]byte, headerRead)
	for at < end && values < m.NumValues {
		var h format.PageHeader
		n, err := p.pageHeader(at, buf, &h)
		if err != nil {
			return faultBy(err, ErrData, "the data file %s has a damaged page header", clip(p.name))
		}
		size := int64(h.CompressedPageSize)
		if size < 0 || size > maxPage || at+n+size > p.file.Size() || h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxPage {
			return fault(ErrData, "the data file %s has a page of %d bytes, %d unpacked, more than there can be", clip(p.name), size, h.UncompressedPageSize)
		}
		count := pageValues(&h)
		if count < 0 || count > maxElements {
			return fault(ErrData, "the data file %s has a page of %d values", clip(p.name), count)
		}
		if h.Type != format.DictionaryPage {
			values += count
		}
		if err := p.checkUnpacked(m.Codec, &h, at+n); err != nil {
			return err
		}
		at += n + size
	}
	return nil
}

func pageValues(h *format.PageHeader) int64 {
	switch h.Type {
	case format.DataPage:
		return int64(h.DataPageHeader.V.NumValues)
	case format.DataPageV2:
		return int64(h.DataPageHeaderV2.V.NumValues)
	case format.DictionaryPage:
		return int64(h.DictionaryPageHeader.V.NumValues)
	}
	return 0
}

// pageHeader decodes the header at an offset and gives its length.
func (p *parquetFile) pageHeader(at int64, buf []byte, h *format.PageHeader) (int64, error) {
	for {
		n, err := p.file.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		*h = format.PageHeader{}
		r := new(thrift.CompactProtocol).NewReaderFromBytes(buf[:n])
		err = thrift.NewDecoder(r).Decode(h)
		if err == nil {
			return int64(r.BytesRead()), nil
		}
		if n < len(buf) || len(buf) >= headerMax {
			return 0, err
		}
		buf = make([]byte, 16*len(buf))
	}
}

// checkUnpacked compares the length that the packed bytes give with that of the header.
func (p *parquetFile) checkUnpacked(codec format.CompressionCodec, h *format.PageHeader, at int64) error {
	var start [32]byte
	n, err := p.file.ReadAt(start[:min(int64(len(start)), int64(h.CompressedPageSize))], at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if h.Type == format.DataPageV2 {
		return nil // levels stand before the packed part; the library takes the header's length
	}
	var size uint64
	switch codec {
	case format.Snappy:
		size, _ = binary.Uvarint(start[:n])
	case format.Zstd:
		var z zstd.Header
		if z.Decode(start[:n]) == nil && z.HasFCS {
			size = z.FrameContentSize
		}
	}
	if size > uint64(h.UncompressedPageSize) {
		return fault(ErrData, "the data file %s has a page that unpacks to more than it says", clip(p.name))
	}
	return nil
}
