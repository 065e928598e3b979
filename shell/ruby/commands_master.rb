# tools and procedures: what the master does by itself.
module Shell
  class Commands
    # balancer, balancer 'dry_run', balancer 'ignore_rit' (HBase's older word: 'force').
    def balancer(*options)
      words = flatten(options).map { |option| option.to_s }
      unknown = words - %w[dry_run ignore_rit force]
      raise ArgumentError, "unknown option for balance: #{unknown[0]}" unless unknown.empty?
      has_run, calculated, executed = Native.balance(words.include?('dry_run'), words.include?('ignore_rit') || words.include?('force'))
      if has_run
        Native.row(['Balancer ran'])
        Native.row(["Moves calculated: #{calculated}, moves executed: #{executed}"])
      else
        Native.row(['Balancer did not run. See logs for details.'])
      end
      has_run
    end

    def balance_switch(on)
      text = Native.switch('balancer', truth(on)).to_s
      Native.row(["Previous balancer state : #{text}"])
      text
    end

    def balancer_enabled
      tell_switch('balancer')
    end

    def splitormerge_switch(kind, on)
      set_switch(split_or_merge(kind), on)
    end

    def splitormerge_enabled(kind)
      tell_switch(split_or_merge(kind))
    end

    def split_or_merge(kind)
      kind = kind.to_s
      raise ArgumentError, 'only SPLIT or MERGE accepted for type!' unless %w[SPLIT MERGE].include?(kind)
      kind.downcase
    end

    # normalize, normalize TABLE_NAME => 't', TABLE_NAMES => [..], REGEX => '..', NAMESPACE => 'ns', normalize 'regex'.
    def normalize(*given)
      tables = []
      regex = namespace = nil
      flatten(given).each do |option|
        if option.is_a?(Hash)
          option = option.dup
          tables += [Values.take(option, 'TABLE_NAME'), Values.take(option, 'TABLE_NAMES')].flatten.compact
          regex = Values.take(option, 'REGEX') || regex
          namespace = Values.take(option, 'NAMESPACE') || namespace
          ignored(option)
        else
          tables << option.to_s
        end
      end
      has_run = Native.normalize(tables, regex, namespace)
      Native.row([has_run.to_s])
      has_run
    end

    def normalizer_switch(on)
      set_switch('normalizer', on)
    end

    def normalizer_enabled
      tell_switch('normalizer')
    end

    def catalogjanitor_run
      Native.run_catalog_janitor
    end

    def catalogjanitor_switch(on)
      set_switch('catalogjanitor', on)
    end

    def catalogjanitor_enabled
      tell_switch('catalogjanitor')
    end

    def cleaner_chore_run
      has_run = Native.run_cleaner
      Native.row([has_run.to_s])
      has_run
    end

    def cleaner_chore_switch(on)
      set_switch('cleaner', on)
    end

    def cleaner_chore_enabled
      tell_switch('cleaner')
    end

    def snapshot_cleanup_switch(on)
      text = Native.switch('snapshot_cleanup', truth(on)).to_s
      Native.row(["Previous snapshot cleanup state : #{text}"])
      text
    end

    def snapshot_cleanup_enabled
      tell_switch('snapshot_cleanup')
    end

    def tell_switch(name)
      is_on = Native.switch?(name)
      Native.row([is_on.to_s])
      is_on
    end

    # Prints and gives what it was before.
    def set_switch(name, on)
      was_on = Native.switch(name, truth(on))
      Native.row([was_on.to_s])
      was_on
    end

    def truth(given)
      return given if given == true || given == false
      raise ArgumentError, "true or false is wanted, not #{given.inspect}" unless %w[true false].include?(given.to_s.downcase)
      given.to_s.downcase == 'true'
    end

    def list_procedures
      Native.header(%w[PID Name State Submitted Last_Update Parameters])
      procedures = Native.procedures.sort { |a, b| a[:id] <=> b[:id] }
      procedures.each do |procedure|
        Native.row([procedure[:id], procedure[:name], procedure[:state], Native.time_text(procedure[:submitted_ms]),
                    Native.time_text(procedure[:updated_ms]), procedure[:parameters]])
      end
      Native.footer(procedures.size)
      nil
    end

    def list_locks
      Native.locks.each do |lock|
        Native.say("#{lock[:kind]}(#{lock[:name]})\n")
        if lock[:exclusive]
          Native.say("Lock type: EXCLUSIVE, procedure: #{lock[:owner]}\n")
        else
          Native.say("Lock type: SHARED, count: #{lock[:shared]}\n")
        end
        unless lock[:waiting].empty?
          Native.header(['Waiting procedures'])
          lock[:waiting].each { |id| Native.row([id]) }
          Native.footer(lock[:waiting].size)
        end
        Native.say("\n")
      end
      nil
    end
  end

  declare 'tools', :balancer, "Balances regions over servers now: balancer, balancer 'dry_run' (only calculates), balancer 'ignore_rit' (even\n" \
    '  while regions are in transition)'
  declare 'tools', :balance_switch, 'Lets the balancer run, or not, and tells what was before: balance_switch true'
  declare 'tools', :balancer_enabled, 'Tells whether the balancer may run: balancer_enabled'
  declare 'tools', :splitormerge_switch, "Allows splits or merges, or not: splitormerge_switch 'SPLIT', false; splitormerge_switch 'MERGE', true"
  declare 'tools', :splitormerge_enabled, "Tells whether they are allowed: splitormerge_enabled 'SPLIT'"
  declare 'tools', :normalize, "Splits large and merges small regions now: normalize, normalize TABLE_NAME => 't', REGEX => '.*', NAMESPACE => 'ns'"
  declare 'tools', :normalizer_switch, 'Lets the normalizer run, or not: normalizer_switch true'
  declare 'tools', :normalizer_enabled, 'Tells whether the normalizer may run: normalizer_enabled'
  declare 'tools', :catalogjanitor_run, 'Removes parents of splits and merges that nothing needs: catalogjanitor_run'
  declare 'tools', :catalogjanitor_switch, 'Lets the catalog janitor run, or not: catalogjanitor_switch true'
  declare 'tools', :catalogjanitor_enabled, 'Tells whether the catalog janitor may run: catalogjanitor_enabled'
  declare 'tools', :cleaner_chore_run, 'Removes files that nothing needs, now: cleaner_chore_run'
  declare 'tools', :cleaner_chore_switch, 'Lets the cleaner run, or not: cleaner_chore_switch true'
  declare 'tools', :cleaner_chore_enabled, 'Tells whether the cleaner may run: cleaner_chore_enabled'
  declare 'tools', :snapshot_cleanup_switch, 'Lets snapshots go when their time is over, or not: snapshot_cleanup_switch true'
  declare 'tools', :snapshot_cleanup_enabled, 'Tells whether they may: snapshot_cleanup_enabled'
  declare 'procedures', :list_procedures, "Lists the master's procedures: list_procedures"
  declare 'procedures', :list_locks, "Lists the locks of the master's procedures: list_locks"
end
