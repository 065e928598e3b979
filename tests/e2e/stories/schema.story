## Schemas: attributes, alter, split keys, truncate.
stele> create 'shop:items', 'f'
stele> create_namespace 'shop', {'owner' => 'ann'}
stele> create 'shop:items', {NAME => 'f', TTL => '1 DAY 2 HOURS', COMPRESSION => 'zstd', BLOCKSIZE => 32768}, {NAME => 'g', MIN_VERSIONS => 1, VERSIONS => '2'}, SPLITS => ['g', 'p'], CONFIGURATION => {'k' => 'v'}
stele> describe 'shop:items'
stele> get_splits 'shop:items'
stele> alter 'shop:items', NAME => 'f', VERSIONS => 5
stele> alter 'shop:items', {NAME => 'h'}, {NAME => 'g', METHOD => 'delete'}
stele> alter 'shop:items', MAX_FILESIZE => '10GB'
stele> describe 'shop:items'
stele> alter 'shop:items', 'delete' => 'nope'
stele> put 'shop:items', 'a', 'h:x', '1'
stele> truncate_preserve 'shop:items'
stele> get_splits 'shop:items'
stele> truncate 'shop:items'
stele> get_splits 'shop:items'
stele> list 'shop:.*'
stele> list_namespace
stele> list_namespace_tables 'shop'
stele> describe_namespace 'shop'
stele> alter_namespace 'shop', {METHOD => 'set', 'owner' => 'bob'}
stele> describe_namespace 'shop'
stele> drop_namespace 'shop'
stele> disable 'shop:items'
stele> drop 'shop:items'
stele> drop_namespace 'shop'
stele> list_namespace
