# snapshots: a table as it was.
module Shell
  class Commands
    def snapshot(table, name, *options)
      raise ArgumentError, 'Snapshot name must be of type String' unless name.is_a?(String)
      given = flatten(options)[0] || {}
      given = given.dup
      skips_flush = Values.boolean(Values.take(given, 'SKIP_FLUSH') || false)
      ttl = Values.integer(Values.take(given, 'TTL') || 0, 'TTL')
      size = Values.size(Values.take(given, 'MAX_FILESIZE') || 0).to_i
      ignored(given)
      Native.take_snapshot(name, table_name(table), skips_flush, ttl < 0 ? 0 : ttl, size)
      nil
    end

    def list_snapshots(regex = '.*')
      list = snapshots_matching('.*', regex)
      Native.header(['SNAPSHOT', 'TABLE + CREATION TIME + TTL(Sec)'])
      list.each { |snapshot| Native.row([snapshot[0], "#{snapshot_text(snapshot)} #{ttl_text(snapshot)}"]) }
      Native.footer(list.size)
      list.map { |snapshot| snapshot[0] }
    end

    def list_table_snapshots(table_regex, regex = '.*')
      list = snapshots_matching(table_regex, regex)
      show_snapshots(list)
      Native.footer(list.size)
      list.map { |snapshot| snapshot[0] }
    end

    def show_snapshots(list)
      Native.header(['SNAPSHOT', 'TABLE + CREATION TIME'])
      list.each { |snapshot| Native.row([snapshot[0], snapshot_text(snapshot)]) }
    end

    # [[name, table, created ms, ttl seconds]...] by name.
    def snapshots_matching(table_regex, regex)
      list = Native.snapshots.select { |name, table| Shell.matches?(regex, name) && Shell.matches?(table_regex, table) }
      list.sort { |a, b| a[0] <=> b[0] }
    end

    def snapshot_text(snapshot)
      "#{snapshot[1]} (#{Native.time_text(snapshot[2])})"
    end

    def ttl_text(snapshot)
      ttl = snapshot[3]
      return 'FOREVER' if ttl <= 0
      snapshot[2] + ttl * 1000 < Native.wall_ms ? "#{ttl} (Expired) " : ttl.to_s
    end

    def clone_snapshot(name, table, options = {})
      given = options.dup
      Values.take(given, 'RESTORE_ACL') # there are no permissions to restore
      Values.take(given, 'CLONE_SFT')
      ignored(given)
      Native.clone_snapshot(name, table_name(table))
      nil
    end

    def restore_snapshot(name, options = {})
      given = options.dup
      Values.take(given, 'RESTORE_ACL')
      ignored(given)
      Native.restore_snapshot(name)
      nil
    end

    def delete_snapshot(name)
      Native.delete_snapshot(name)
      nil
    end

    def delete_all_snapshot(regex)
      list = snapshots_matching('.*', regex)
      return unless delete_these?(list, "No snapshots matched the regex #{regex}\n")
      failed = list.reject { |snapshot| deleted?(snapshot[0]) }
      done = list.size - failed.size
      Native.say("#{done} snapshots successfully deleted.\n") unless done == 0
      return if failed.empty?
      Native.say("\nFailed to delete the below #{failed.size} snapshots.\n")
      show_snapshots(failed)
      nil
    end

    def delete_table_snapshots(table_regex, regex = '.*')
      list = snapshots_matching(table_regex, regex)
      return unless delete_these?(list, "No snapshots matched the table name regular expression #{table_regex} and the " \
        "snapshot name regular expression #{regex}\n")
      list.each do |snapshot|
        if deleted?(snapshot[0])
          Native.say("Successfully deleted snapshot: #{snapshot[0]}\n\n")
        else
          Native.say("Failed to delete snapshot: #{snapshot[0]}\n\n")
        end
      end
      nil
    end

    def delete_these?(list, none)
      show_snapshots(list)
      if list.empty?
        Native.say(none)
        return false
      end
      Native.say("\nDelete the above #{list.size} snapshots (y/n)?\n")
      Native.read_answer.to_s.strip.downcase.start_with?('y')
    end

    def deleted?(name)
      Native.delete_snapshot(name)
      true
    rescue Native::Error
      false
    end
  end

  declare 'snapshots', :snapshot, "Takes a snapshot of a table: snapshot 't', 's'[, {SKIP_FLUSH => true, TTL => 86400, MAX_FILESIZE => 1073741824}]"
  declare 'snapshots', :list_snapshots, "Lists snapshots: list_snapshots, list_snapshots 'regex'"
  declare 'snapshots', :list_table_snapshots, "Lists snapshots of tables: list_table_snapshots 'table regex'[, 'snapshot regex']"
  declare 'snapshots', :clone_snapshot, "Makes a new table of a snapshot: clone_snapshot 's', 't2'"
  declare 'snapshots', :restore_snapshot, "Makes a table, which must be disabled, what it was: restore_snapshot 's'"
  declare 'snapshots', :delete_snapshot, "Removes a snapshot: delete_snapshot 's'"
  declare 'snapshots', :delete_all_snapshot, "Removes the snapshots whose names match: delete_all_snapshot 'regex'"
  declare 'snapshots', :delete_table_snapshots, "Removes snapshots of tables: delete_table_snapshots 'table regex'[, 'snapshot regex']"
end
