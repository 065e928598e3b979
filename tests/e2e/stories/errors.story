## What the shell says when something is wrong.
stele> create 'e'
stele> create 'e', 'f'
stele> create 'e', 'f'
stele> create 'bad name', 'f'
stele> create 'e2', {NAME => 'f', VERSIONS => 0}
stele> create 'e2', {NAME => 'f', COMPRESSION => 'rar'}
stele> put 'e'
stele> put 'e', 'r', 'nope:q', 'v'
stele> put 'nope', 'r', 'f:q', 'v'
stele> get 'nope', 'r'
stele> get 'e', ''
stele> get 'e', 'r', 'nope'
stele> drop 'e'
stele> drop 'nope'
stele> disable 'nope'
stele> describe 'nope'
stele> is_enabled 'nope'
stele> enable 'e'
stele> disable 'e'
stele> disable 'e'
stele> put 'e', 'r', 'f:q', 'v'
stele> truncate 'nope'
stele> alter 'nope', 'f'
stele> frobnicate 'e'
stele> 1 +
stele* 2
stele> list = 'x'
stele> drop 'e'
