## Ruby in the shell: variables, table references, loops, several statements, binary bytes.
stele> t = create 'rb', 'f'
stele> t.put "key\x00\xff", 'f:q', "v\x01"
stele> t.get "key\x00\xff"
stele> for i in 1..3 do t.put "r#{i}", 'f:n', i * 10 end
stele> t.scan FILTER => "PrefixFilter('r')"; t.count
stele> u = get_table 'rb'
stele> u.name
stele> put 'rb',
stele*   'multi',
stele*   'f:q', 'line'
stele> get 'rb', 'multi', {COLUMN => ['f:q', 'f:none']}
stele> list.each { |name| u.put name, 'f:seen', 'yes' }
stele> x = 3; x + 4
stele> u.deleteall 'r1'
stele> u.deleteall 'r2', 'f:n'
stele> deleteall 'rb', {ROWPREFIXFILTER => 'r'}
stele> u.scan
stele> u.disable
stele> u.drop
