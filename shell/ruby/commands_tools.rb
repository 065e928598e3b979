# tools: what operators do to tables and regions.
module Shell
  class Commands
    def flush(target, family = nil)
      Native.flush(target.is_a?(Hbase::Table) ? target.name : target, family)
      nil
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

    def list_liveservers
      names = Native.cluster_status[:servers].map { |server| "#{server[:host]},#{server[:port]},#{server[:start_code]}" }
      list_servers(names)
    end

    def list_deadservers
      list_servers(Native.cluster_status[:dead])
    end

    def list_servers(names)
      Native.header(['SERVERNAME'])
      names.each { |name| Native.row([name]) }
      Native.footer(names.size)
      nil
    end
  end

  declare 'tools', :flush, "Writes memtables to files: flush 't'[, 'f'], flush 'region name', flush 'encoded name'"
  declare 'tools', :compact, "Merges files in the background: compact 't'[, 'f'], compact 'region name'"
  declare 'tools', :major_compact, "Merges all files, dropping what is deleted: major_compact 't'[, 'f'], major_compact 'region name'"
  declare 'tools', :compaction_state, "Tells what compacts: compaction_state 't'"
  declare 'tools', :list_liveservers, 'Lists live servers: list_liveservers'
  declare 'tools', :list_deadservers, 'Lists dead servers: list_deadservers'
end
