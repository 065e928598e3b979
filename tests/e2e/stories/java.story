## What scripts for HBase's shell use of Java: filter objects, comparators, Bytes, whole class names; and patterns.
stele> create 'j', 'f'
Created table j
Took N seconds
=> Hbase::Table - j
stele> (1..5).each { |i| put 'j', "r#{i}", 'f:n', i; put 'j', "r#{i}", "f:it's", 'x' }; nil
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
Took N seconds
stele> scan 'j', {FILTER => org.apache.hadoop.hbase.filter.ColumnPaginationFilter.new(1, 0), LIMIT => 2}
ROW  COLUMN+CELL
 r1 column=f:it's, timestamp=T, value=x
 r2 column=f:it's, timestamp=T, value=x
2 row(s)
Took N seconds
stele> scan 'j', {FILTER => KeyOnlyFilter.new(), LIMIT => 1}
ROW  COLUMN+CELL
 r1 column=f:it's, timestamp=T, value=
 r1 column=f:n, timestamp=T, value=
1 row(s)
Took N seconds
stele> scan 'j', FILTER => PrefixFilter.new('r2'.to_java_bytes)
ROW  COLUMN+CELL
 r2 column=f:it's, timestamp=T, value=x
 r2 column=f:n, timestamp=T, value=2
1 row(s)
Took N seconds
stele> import org.apache.hadoop.hbase.filter.SingleColumnValueFilter
=> SingleColumnValueFilter
stele> import org.apache.hadoop.hbase.filter.CompareFilter
=> CompareFilter
stele> import 'org.apache.hadoop.hbase.filter.BinaryComparator'; java_import org.apache.hadoop.hbase.util.Bytes
=> Bytes
stele> f = SingleColumnValueFilter.new(Bytes.toBytes('f'), Bytes.toBytes('n'), CompareFilter::CompareOp.valueOf('GREATER_OR_EQUAL'), BinaryComparator.new(Bytes.toBytes('4')))
=> SingleColumnValueFilter('f', 'n', >=, 'binary:4')
stele> scan 'j', {FILTER => f, COLUMNS => 'f:n'}
ROW  COLUMN+CELL
 r4 column=f:n, timestamp=T, value=4
 r5 column=f:n, timestamp=T, value=5
2 row(s)
Took N seconds
stele> f.setFilterIfMissing(true); f.setLatestVersionOnly(false); f
=> SingleColumnValueFilter('f', 'n', >=, 'binary:4', true, false)
stele> scan 'j', {FILTER => f, COLUMNS => "f:it's"}
ROW  COLUMN+CELL
0 row(s)
Took N seconds
stele> both = FilterList.new(FilterList::Operator::MUST_PASS_ALL, [RowFilter.new(CompareOperator::NOT_EQUAL, SubstringComparator.new('R3')), QualifierFilter.new(org.apache.hadoop.hbase.filter.CompareFilter::CompareOp::EQUAL, BinaryPrefixComparator.new("it's"))])
=> (RowFilter(!=, 'substring:R3')) AND (QualifierFilter(=, 'binaryprefix:it''s'))
stele> count 'j', FILTER => both
4 row(s)
Took N seconds
=> 4
stele> count 'j', FILTER => FilterList.new(PageFilter.new(3), FirstKeyOnlyFilter.new)
3 row(s)
Took N seconds
=> 3
stele> either = org.apache.hadoop.hbase.filter.FilterList.new(FilterList::Operator::MUST_PASS_ONE)
=> FilterList()
stele> count 'j', FILTER => either
5 row(s)
Took N seconds
=> 5
stele> either.addFilter(PrefixFilter.new('r1')); either.addFilter([PrefixFilter.new('r2'), f]); either
=> (PrefixFilter('r1')) OR (PrefixFilter('r2')) OR (SingleColumnValueFilter('f', 'n', >=, 'binary:4', true, false))
stele> f.setFilterIfMissing(false); count 'j', FILTER => FilterList.new(either, KeyOnlyFilter.new)
4 row(s)
Took N seconds
=> 4
stele> FilterList.new(either, FilterList.new('MUST_PASS_ONE')).filter_text
ERROR: ArgumentError: FilterList() has no filter
stele> FilterList.new('MUST_PASS_SOME', f)
ERROR: ArgumentError: "MUST_PASS_SOME" is no operator
stele> FilterList::Operator.valueOf('MUST_PASS_SOME')
ERROR: ArgumentError: No enum constant MUST_PASS_SOME
stele> either.addFilter('PageFilter(1)')
ERROR: ArgumentError: "PageFilter(1)" is no filter
stele> RowFilter.new('LIKE', 'binary:r1')
ERROR: ArgumentError: "LIKE" is no operator
stele> PageFilter.new('x')
ERROR: ArgumentError: PageFilter should be a number, not "x"
stele> TimestampsFilter.new(5)
ERROR: ArgumentError: TimestampsFilter should be of an array, not 5
stele> ColumnPaginationFilter.new(1, nil)
ERROR: ArgumentError: ColumnPaginationFilter should be a number, not nil
stele> scan 'j', FILTER => Shell::Filter.new
ERROR: ArgumentError: Shell::Filter is no class of the filter language
stele> scan 'j', FILTER => BinaryComparator.new('r1')
ROW  COLUMN+CELL

ERROR: FILTER should be a filter or its text

For usage try 'help "scan"'

Took N seconds
stele> java.lang.String.new('x')
ERROR: cannot load Java class java.lang.String: this shell has of Java filters, Bytes and dates
stele> import java.text.format.Number
ERROR: cannot load Java class java.text.format.Number: this shell has of Java filters, Bytes and dates
stele> get 'j', 'r1', {FILTER => SkipFilter.new(ValueFilter.new('=', RegexStringComparator.new('^[0-9x]$')))}
COLUMN  CELL
 f:it's timestamp=T, value=x
 f:n timestamp=T, value=1
1 row(s)
Took N seconds
stele> get 'j', 'r1', {FILTER => MultipleColumnPrefixFilter.new(['n', 'z'])}
COLUMN  CELL
 f:n timestamp=T, value=1
1 row(s)
Took N seconds
stele> get 'j', 'r1', {FILTER => ColumnRangeFilter.new('i', true, 'j', false)}
COLUMN  CELL
 f:it's timestamp=T, value=x
1 row(s)
Took N seconds
stele> get 'j', 'r1', {FILTER => TimestampsFilter.new([1, 2])}
COLUMN  CELL
0 row(s)
Took N seconds
stele> scan 'j', FILTER => org.apache.hadoop.hbase.filter.RandomRowFilter.new(0.5)
ERROR: cannot load Java class org.apache.hadoop.hbase.filter.RandomRowFilter: this shell has of Java filters, Bytes and dates
stele> KeyOnlyFilter.new(true)
ERROR: ArgumentError: wrong number of arguments (given 1, expected 0): KeyOnlyFilter of the filter language
stele> scan 'j', FILTER => 5
ROW  COLUMN+CELL

ERROR: FILTER should be a filter or its text

For usage try 'help "scan"'

Took N seconds
stele> put 'j', Bytes.toBytes(258), 'f:n', Bytes.toBytes(-2)
Took N seconds
stele> get 'j', "\x00\x00\x00\x00\x00\x00\x01\x02", 'f:n:toLong'
COLUMN  CELL
 f:n timestamp=T, value=-2
1 row(s)
Took N seconds
stele> Bytes.toLong(Bytes.toBytes(-2)) + Bytes.toInt(Bytes.toBytesBinary('\x00\x00\x01\x00'))
=> 254
stele> java.util.Calendar.new
ERROR: cannot load Java class java.util.Calendar: this shell has of Java filters, Bytes and dates
stele> list.select { |name| name =~ /^\w$/ }
TABLE
j
1 row(s)
Took N seconds
=> ["j"]
stele> ['a1', 'B2', 'c'].select { |word| /[a-c]\d/i.match?(word) }
=> ["a1", "B2"]
stele> case 'row-12' when /-\d+\z/ then 'numbered' else 'not' end
=> "numbered"
stele> 'abc' !~ /b/
=> false
stele> /(/
ERROR: ArgumentError: Failed parse of regular expression (: missing closing parenthesis at 1
## Ruby's words, in a set and out of it.
stele> ["a\tb" =~ /\tb/, "a\nb" =~ /\n/, "5x" =~ /\D/, "xf" =~ /\h/, "a]b" =~ /[\]]b/, "a b" =~ /[\s\d]/, "a-b" =~ /[\w\-]{3}/, "xab" =~ /(?:ab)+?/]
=> [1, 1, 1, 1, 1, 1, 0, 1]
stele> ["a\nb" =~ /\Ab/, "a\nb" =~ /a\z/, "a\n" =~ /a\Z/, "b" =~ /a+?b/, "aa" =~ /(a)\1/, "D" =~ /\d/, "n" =~ /[\n]/]
=> [nil, nil, 0, nil, 0, nil, nil]
stele> /a(?=b)/
=> /a(?=b)/
stele> /\p{Alpha}/
=> /\p{Alpha}/
stele> 'abc' =~ 'abc'
ERROR: TypeError: type mismatch: String given
stele> ['abc' =~ nil, Regexp.new(/B/i, true) =~ 'abc', Regexp.new('B', false) =~ 'abc']
=> [nil, 1, nil]
## A column's value may be given as its bytes.
stele> SingleColumnValueFilter.new(Bytes.toBytes('f'), Bytes.toBytes('n'), CompareOperator::EQUAL, Bytes.toBytes("it's"))
=> SingleColumnValueFilter('f', 'n', =, 'binary:it''s')
stele> scan 'j', FILTER => SingleColumnValueFilter.new('f'.to_java_bytes, 'n'.to_java_bytes, CompareOperator::EQUAL, '4'.to_java_bytes)
ROW  COLUMN+CELL
 r4 column=f:it's, timestamp=T, value=x
 r4 column=f:n, timestamp=T, value=4
1 row(s)
Took N seconds
stele> disable 'j'
Took N seconds
stele> drop 'j'
Took N seconds
