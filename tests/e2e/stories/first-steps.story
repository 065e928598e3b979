## The first five minutes: create, put, get, scan, disable, drop.
stele> create 'visits', 'info', {NAME => 'hits', VERSIONS => 3}
stele> list
stele> put 'visits', 'alice', 'info:city', 'Oslo'
stele> put 'visits', 'alice', 'info:born', '1998'
stele> put 'visits', 'bob', 'info:city', 'Bergen'
stele> get 'visits', 'alice'
stele> get 'visits', 'alice', 'info:city'
stele> get 'visits', 'nobody'
stele> scan 'visits'
stele> count 'visits'
stele> delete 'visits', 'alice', 'info:born'
stele> get 'visits', 'alice', {COLUMN => 'info:born'}
stele> deleteall 'visits', 'bob'
stele> scan 'visits'
stele> describe 'visits'
stele> is_enabled 'visits'
stele> disable 'visits'
stele> is_disabled 'visits'
stele> exists 'visits'
stele> drop 'visits'
stele> exists 'visits'
