## Counters and appends.
stele> create 'c', 'f'
stele> incr 'c', 'r', 'f:hits'
stele> incr 'c', 'r', 'f:hits', 41
stele> get_counter 'c', 'r', 'f:hits'
stele> get_counter 'c', 'r', 'f:nothing'
stele> get 'c', 'r', 'f:hits:toLong'
stele> append 'c', 'r', 'f:log', 'a'
stele> append 'c', 'r', 'f:log', 'b'
stele> incr 'c', 'r', 'f:log'
stele> disable 'c'
stele> drop 'c'
