## A table beside a namespace of its name; where namespaces are kept (on HBase 2.6 in a table of their own: not played there).
stele> create_namespace 'twin'
Took N seconds
stele> create 'twin', {NAME => 'f', COMPRESSION => 'zstd'}
Created table twin
Took N seconds
=> Hbase::Table - twin
stele> drop_namespace 'twin'
Took N seconds
stele> is_enabled 'twin'
true
Took N seconds
=> true
stele> create_namespace 'twin'
Took N seconds
stele> disable 'twin'
Took N seconds
stele> drop 'twin'
Took N seconds
stele> scan 'hbase:meta', {COLUMNS => 'ns', ROWPREFIXFILTER => 'twin'}
ROW  COLUMN+CELL
 twin column=ns:d, timestamp=T, value=\x0A\x04twin
1 row(s)
Took N seconds
stele> drop_namespace 'twin'
Took N seconds
