# mruby's loops, each round of which sees that ^C was typed: by themselves they go on until their block calls a command.
module Shell
  def self.heed
    raise Interrupt, 'interrupted' if Native.interrupted?
  end

  { Kernel => %i[loop], Integer => %i[times upto downto step], Range => %i[each], Array => %i[each] }.each do |owner, names|
    names.each do |name|
      plain = :"#{name}_without_heed"
      owner.__send__(:alias_method, plain, name)
      owner.__send__(:define_method, name) do |*args, &block|
        next __send__(plain, *args) unless block
        value = __send__(plain, *args) do |*round|
          Shell.heed
          block.call(*round)
        end
        name == :each ? self : value # mruby's gives of a range of text its begin
      end
    end
  end
end
