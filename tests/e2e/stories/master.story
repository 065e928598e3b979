## What the master does by itself: switches, balancer, normalizer, chores, and lists of servers.
stele> balance_switch false
Previous balancer state : true
Took N seconds
=> "true"
stele> balancer_enabled
false
Took N seconds
=> false
stele> balance_switch true
Previous balancer state : false
Took N seconds
=> "false"
stele> balancer
Balancer ran
Moves calculated: 0, moves executed: 0
Took N seconds
=> true
stele> balancer 'dry_run'
Balancer ran
Moves calculated: 0, moves executed: 0
Took N seconds
=> true
stele> balancer 'nonsense'

ERROR: unknown option for balance: nonsense

For usage try 'help "balancer"'

Took N seconds
stele> splitormerge_switch 'SPLIT', false
true
Took N seconds
=> true
stele> splitormerge_enabled 'SPLIT'
false
Took N seconds
=> false
stele> splitormerge_switch 'SPLIT', true
false
Took N seconds
=> false
stele> splitormerge_enabled 'MERGE'
true
Took N seconds
=> true
stele> splitormerge_enabled 'OTHER'

ERROR: only SPLIT or MERGE accepted for type!

For usage try 'help "splitormerge_enabled"'

Took N seconds
stele> normalizer_enabled
true
Took N seconds
=> true
stele> normalizer_switch false
true
Took N seconds
=> true
stele> normalizer_switch true
false
Took N seconds
=> false
stele> normalize
true
Took N seconds
=> true
stele> catalogjanitor_enabled
true
Took N seconds
=> true
stele> catalogjanitor_switch false
true
Took N seconds
=> true
stele> catalogjanitor_switch true
false
Took N seconds
=> false
stele> cleaner_chore_enabled
true
Took N seconds
=> true
stele> cleaner_chore_switch false
true
Took N seconds
=> true
stele> cleaner_chore_switch true
false
Took N seconds
=> false
stele> balance_switch 'maybe'

ERROR: true or false is wanted, not "maybe"

For usage try 'help "balance_switch"'

Took N seconds
stele> list_locks
Took N seconds
stele> list_deadservers
SERVERNAME
0 row(s)
Took N seconds
stele> list_unknownservers
SERVERNAME
0 row(s)
Took N seconds
stele> clear_deadservers
true
Took N seconds
stele> list_decommissioned_regionservers
DECOMMISSIONED REGION SERVERS
0 row(s)
Took N seconds
stele> stop_regionserver ''

ERROR: Could not find server: 

For usage try 'help "stop_regionserver"'

Took N seconds
stele> decommission_regionservers 'nowhere.example.com'

ERROR: Could not find server: nowhere.example.com

For usage try 'help "decommission_regionservers"'

Took N seconds
