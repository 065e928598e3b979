# tools: what operators do to tables and regions.
module Shell
  class Commands
    def flush(target, family = nil)
      return on_regions(target) { |region| Native.flush(region, nil) } if server_name?(target)
      Native.flush(target.is_a?(Hbase::Table) ? target.name : target, family)
      nil
    end

    # "host,port,startcode": two commas, and numbers behind them (a region's name ends with a dot).
    def server_name?(target)
      parts = target.to_s.split(',')
      parts.size == 3 && Values.digits?(parts[1]) && Values.digits?(parts[2])
    end

    def compact(target, family = nil, _type = nil)
      Native.compact(target.is_a?(Hbase::Table) ? target.name : target, family, false)
      nil
    end

    def major_compact(target, family = nil, _type = nil)
      Native.compact(target.is_a?(Hbase::Table) ? target.name : target, family, true)
      nil
    end

    def compaction_state(table)
      Native.say("#{Native.compaction_state(table_name(table))}\n")
    end
  end

  declare 'tools', :flush, "Writes memtables to files: flush 't'[, 'f'], flush 'region name', flush 'encoded name',\n  flush 'host,port,startcode'"
  declare 'tools', :compact, "Merges files in the background: compact 't'[, 'f'], compact 'region name'"
  declare 'tools', :major_compact, "Merges all files, dropping what is deleted: major_compact 't'[, 'f'], major_compact 'region name'"
  declare 'tools', :compaction_state, "Tells what compacts: compaction_state 't'"
end
