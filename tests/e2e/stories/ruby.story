## Ruby in the shell: variables, table references, loops, several statements, binary bytes.
stele> t = create 'rb', 'f'
Created table rb
Took N seconds
=> Hbase::Table - rb
stele> t.put "key\x00\xff", 'f:q', "v\x01"
Took N seconds
stele> t.get "key\x00\xff"
COLUMN  CELL
 f:q timestamp=T, value=v\x01
1 row(s)
Took N seconds
stele> for i in 1..3 do t.put "r#{i}", 'f:n', i * 10 end
Took N seconds
Took N seconds
Took N seconds
=> 1..3
stele> t.scan FILTER => "PrefixFilter('r')"; t.count
ROW  COLUMN+CELL
 r1 column=f:n, timestamp=T, value=10
 r2 column=f:n, timestamp=T, value=20
 r3 column=f:n, timestamp=T, value=30
3 row(s)
Took N seconds
4 row(s)
Took N seconds
=> 4
stele> u = get_table 'rb'
Took N seconds
=> Hbase::Table - rb
stele> u.name
=> "rb"
stele> put 'rb',
stele*   'multi',
stele*   'f:q', 'line'
Took N seconds
stele> get 'rb', 'multi', {COLUMN => ['f:q', 'f:none']}
COLUMN  CELL
 f:q timestamp=T, value=line
1 row(s)
Took N seconds
stele> list.each { |name| u.put name, 'f:seen', 'yes' }
TABLE
rb
1 row(s)
Took N seconds
Took N seconds
=> ["rb"]
stele> x = 3; x + 4
=> 7
stele> u.deleteall 'r1'
Took N seconds
stele> u.deleteall 'r2', 'f:n'
Took N seconds
stele> deleteall 'rb', {ROWPREFIXFILTER => 'r'}
Took N seconds
stele> u.scan
ROW  COLUMN+CELL
 key\x00\xFF column=f:q, timestamp=T, value=v\x01
 multi column=f:q, timestamp=T, value=line
2 row(s)
Took N seconds
stele> u.help 'append'
Adds bytes to a cell: append 't', 'row', 'f:q', 'value'
stele> u.disable
Took N seconds
stele> u.drop
Took N seconds
stele> sleep 0.01; sleep 1
=> 1
