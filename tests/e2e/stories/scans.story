## Every option of scan that needs no clock.
stele> create 's', 'a', 'b'
stele> (1..9).each { |i| put 's', "row#{i}", 'a:n', i; put 's', "row#{i}", 'b:sq', i * i }; nil
stele> scan 's', {LIMIT => 2}
stele> scan 's', {STARTROW => 'row3', STOPROW => 'row5'}
stele> scan 's', {COLUMNS => ['a'], STARTROW => 'row8'}
stele> scan 's', {COLUMNS => 'b:sq', LIMIT => 3, REVERSED => true}
stele> scan 's', {ROWPREFIXFILTER => 'row7'}
stele> scan 's', {FILTER => "PrefixFilter('row2') AND ValueFilter(=, 'binary:4')"}
stele> scan 's', {FILTER => "SingleColumnValueFilter('b', 'sq', >, 'binary:5')", COLUMNS => ['b:sq']}
stele> scan 's', FILTER => "KeyOnlyFilter()", LIMIT => 2
stele> scan 's', {BATCH => 1, LIMIT => 1}
stele> scan 's', {MAXLENGTH => 1, STARTROW => 'row4', LIMIT => 1}
stele> scan 's', {FILTER => "NoSuchFilter('x')"}
stele> scan 's', {COLUMNS => 'nope:x'}
stele> count 's', INTERVAL => 4
stele> count 's', FILTER => "PrefixFilter('row1')"
stele> disable 's'
stele> scan 's'
stele> drop 's'
